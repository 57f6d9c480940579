"""Usage far below that of the same days of last year (同比突减). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Levels, Rule, levels
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: Levels) -> Finding | None:
    """Find usage far below what the same days of last year let expect."""
    expected_wh = bill.last_year_wh
    if expected_wh is None:
        return None
    said = limit.of(expected_wh - bill.energy_wh, expected_wh)
    return Finding(RULE.code, said, {"energy_wh": bill.energy_wh, "expected_wh": expected_wh}) if said else None


RULE: Final = Rule(
    code="billing.yearly_fall",
    section="yearly_fall",
    source="High/low check of VEE: average daily use against the same window of last year, by days. Limits are the product's.",
    title=Words("同比突减", "Usage far below last year's"),
    words=Words(
        "本期电量 {energy_wh:kwh}，按去年同期日均折算应为 {expected_wh:kwh}，同比突减。",
        "{energy_wh:kwh} were used; by the same days of last year {expected_wh:kwh} were to be expected.",
    ),
    read=levels,
    find=find,
)
