"""Energy that no price met, or that the total register did not measure, beyond the tolerance (未计价电量). Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, count, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node


@dataclass(frozen=True, slots=True)
class Limit:
    """Both must be passed: so many Wh, and so many percent of the usage."""

    severity: str
    percent: int
    wh: int


def read(node: Node) -> Limit | None:
    node.keys("severity percent kwh")
    said, percent, wh = severity(node.get("severity")), count(node, "percent"), 1000 * count(node, "kwh")
    return Limit(said, percent, wh) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find a bill with energy that no price met, or that the total register did not measure."""
    if bill.unpriced_wh <= limit.wh or 100 * bill.unpriced_wh <= limit.percent * abs(bill.energy_wh):
        return None
    return Finding(RULE.code, limit.severity, {"energy_wh": bill.energy_wh, "unpriced_wh": bill.unpriced_wh})


RULE: Final = Rule(
    code="billing.energy_unpriced",
    section="unpriced_energy",
    source="Sum check of VEE: registers of periods against the total register, and prices against both.",
    title=Words("有未计价电量", "Energy that no price met"),
    words=Words(
        "本期电量 {energy_wh:kwh}，其中 {unpriced_wh:kwh} 与计价电量不符。",
        "Of {energy_wh:kwh} used, {unpriced_wh:kwh} met no price or were not measured by the total register.",
    ),
    read=read,
    find=find,
)
