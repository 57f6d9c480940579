"""A home uses more than a home can (居民几千度). Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, count, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node


@dataclass(frozen=True, slots=True)
class Limit:
    """Wh a month that a bill of these classes may have."""

    severity: str
    classes: frozenset[str]
    wh_a_month: int


def read(node: Node) -> Limit | None:
    node.keys("severity classes over_kwh_a_month")
    said, classes = severity(node.get("severity")), frozenset(node.get("classes").texts())
    wh = 1000 * count(node, "over_kwh_a_month")
    return Limit(said, classes, wh) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find a home's bill above the plausible monthly usage."""
    limit_wh = limit.wh_a_month * bill.months
    if bill.energy_wh <= limit_wh or bill.customer_class not in limit.classes:
        return None
    return Finding(RULE.code, limit.severity, {"energy_wh": bill.energy_wh, "limit_wh": limit_wh})


RULE: Final = Rule(
    code="billing.implausible_home",
    section="implausible_home",
    source="审核: 异常电量; 居民户月用电上千千瓦时逐户核实. The limit is the product's, a utility sets its own.",
    title=Words("居民电量异常偏高", "A home uses more than a home can"),
    words=Words(
        "居民户本期电量 {energy_wh:kwh}，超过合理上限 {limit_wh:kwh}。",
        "A home used {energy_wh:kwh}, above the plausible {limit_wh:kwh}.",
    ),
    read=read,
    find=find,
)
