"""Several cycles in a row without usage (连续零电量): looked at on site. Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node

CYCLES_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class Limit:
    """So many cycles on end; of some classes (seasonal supply) it says nothing that nothing is used."""

    severity: str
    cycles: int
    seasonal_classes: frozenset[str]


def read(node: Node) -> Limit | None:
    node.keys("severity cycles seasonal_classes")
    said, cycles = severity(node.get("severity")), node.get("cycles").whole(2, CYCLES_MAX)
    return Limit(said, cycles, frozenset(node.get("seasonal_classes").texts())) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find the bill with which nothing was used for so many cycles on end; the next ones were looked at with it."""
    if bill.suspended or bill.customer_class in limit.seasonal_classes:
        return None
    if not bill.zeros_before < limit.cycles <= bill.zeros_in_a_row:
        return None
    return Finding(RULE.code, limit.severity, {"cycles": bill.zeros_in_a_row})


RULE: Final = Rule(
    code="billing.zeros_in_a_row",
    section="zeros_in_a_row",
    source="抄核收工作规范: three cycles at zero are checked on site (10 kV all, 0.4 kV 80 %, homes 20 % at least).",
    title=Words("连续零电量", "Several cycles without usage"),
    words=Words("连续 {cycles} 个抄表周期电量为零。", "Nothing was used for {cycles} cycles in a row."),
    read=read,
    find=find,
)
