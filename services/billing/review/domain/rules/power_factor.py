"""A power factor far below its standard, or another than before (功率因数异常). Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node


@dataclass(frozen=True, slots=True)
class Limit:
    """A penalty of so many percent, or so many hundredths more or less than before: either is enough."""

    severity: str
    penalty_percent: int
    change: int


def read(node: Node) -> Limit | None:
    node.keys("severity penalty_percent change_hundredths")
    said, penalty_percent, change = (
        severity(node.get("severity")),
        node.get("penalty_percent").whole(0, 1000),
        node.get("change_hundredths").whole(0, 1000),
    )
    return Limit(said, penalty_percent, change) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find a power factor that costs a large penalty, or is far from the one before."""
    now, before = bill.power_factor, bill.previous_power_factor
    if now is None:
        return None
    changed = before is not None and abs(now - before) >= limit.change
    if not changed and bill.factor_permille < 10 * limit.penalty_percent:
        return None
    values = {"now": now, "rate_permille": bill.factor_permille}
    return Finding(RULE.code, limit.severity, values if before is None else {**values, "before": before})


RULE: Final = Rule(
    code="billing.power_factor",
    section="power_factor",
    source="功率因数调整电费办法 (1983): 0.5 % a hundredth below the standard, 10 % at twenty. The limits are the product's.",
    title=Words("功率因数异常", "A power factor far below its standard, or another than before"),
    words=Words(
        "功率因数 {now} %，上期 {before} %，力调增收 {rate_permille:percent}。",
        "The power factor is {now} %, it was {before} %; the adjustment is {rate_permille:percent}.",
    ),
    read=read,
    find=find,
)
