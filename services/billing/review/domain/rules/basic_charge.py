"""A basic charge (基本电费) that is another than before while nothing says so, or that is missing. Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node


@dataclass(frozen=True, slots=True)
class Limit:
    """So many percent of the basic charge before may it be off."""

    severity: str
    percent: int


def read(node: Node) -> Limit | None:
    node.keys("severity percent")
    said, percent = severity(node.get("severity")), node.get("percent").whole(0, 1000)
    return Limit(said, percent) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find a basic charge that deviates from the one before by more than so many percent."""
    now, before = bill.basic_fen, bill.basic_expected_fen
    if now is None or before is None or 100 * abs(now - before) <= limit.percent * abs(before):
        return None
    return Finding(RULE.code, limit.severity, {"basic_fen": now, "expected_fen": before})


RULE: Final = Rule(
    code="billing.basic_charge",
    section="basic_charge",
    source="审核: 基本电费; capacity facts are dated, so that who pays another one has other facts. The limit is the product's.",
    title=Words("基本电费异常", "A basic charge that is another than before"),
    words=Words(
        "基本电费 {basic_fen:yuan}，上期为 {expected_fen:yuan}，容量档案无变更。",
        "The basic charge is {basic_fen:yuan}, it was {expected_fen:yuan}, and no capacity fact has changed.",
    ),
    read=read,
    find=find,
)
