"""Usage that costs nothing (有量无费): no charge of the tariff was for this class or option, or all of it was free. Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find usage that costs nothing."""
    if bill.total_fen or bill.energy_wh <= 0:
        return None
    return Finding(RULE.code, limit, {"energy_wh": bill.energy_wh})


RULE: Final = Rule(
    code="billing.usage_without_amount",
    section="usage_without_amount",
    source="审核: 有量无费. A rule of the product.",
    title=Words("有量无费", "Usage that costs nothing"),
    words=Words("本期电量 {energy_wh:kwh}，电费为零。", "{energy_wh:kwh} were used and cost nothing."),
    read=severity,
    find=find,
)
