"""Stated losses that are a large share of the usage (变损, 线损比例异常). Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, count, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node


@dataclass(frozen=True, slots=True)
class Limit:
    """Both must be passed: so many Wh, and so many percent of what the meter measured."""

    severity: str
    percent: int
    over_wh: int


def read(node: Node) -> Limit | None:
    node.keys("severity percent over_kwh")
    said, percent, over_wh = (
        severity(node.get("severity")),
        node.get("percent").whole(0, 1000),
        1000 * count(node, "over_kwh"),
    )
    return Limit(said, percent, over_wh) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find stated losses beyond their share of what the meter measured."""
    losses_wh = bill.losses_wh
    if losses_wh <= limit.over_wh or 100 * losses_wh <= limit.percent * max(bill.energy_wh, 0):
        return None
    values = {"losses_wh": losses_wh, "energy_wh": bill.energy_wh, "limit_permille": 10 * limit.percent}
    return Finding(RULE.code, limit.severity, values)


RULE: Final = Rule(
    code="billing.losses",
    section="losses",
    source="审核: 变损线损; a transformer far too large, or figures of losses that were mistyped. The limit is the product's.",
    title=Words("损耗比例异常", "Losses that are a large share of the usage"),
    words=Words(
        "损耗 {losses_wh:kwh}，占本期电量 {energy_wh:kwh} 的比例超过 {limit_permille:percent}。",
        "Losses of {losses_wh:kwh} are more than {limit_permille:percent} of the {energy_wh:kwh} used.",
    ),
    read=read,
    find=find,
)
