"""Usage far below the previous bill's, days-normalised (电量突减). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Levels, Rule, levels
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: Levels) -> Finding | None:
    """Find usage far below what the previous bill lets expect for as many days with supply."""
    if bill.previous_wh is None or bill.previous_days <= 0:
        return None
    expected_wh = bill.previous_wh * bill.supplied_days // bill.previous_days
    said = limit.of(expected_wh - bill.energy_wh, expected_wh)
    return Finding(RULE.code, said, {"energy_wh": bill.energy_wh, "expected_wh": expected_wh}) if said else None


RULE: Final = Rule(
    code="billing.sudden_fall",
    section="sudden_fall",
    source="审核: 电量突减; high/low check of VEE, average daily use against the previous period. Limits are the product's.",
    title=Words("电量突减", "Usage far below the previous bill's"),
    words=Words(
        "本期电量 {energy_wh:kwh}，按上期日均折算应为 {expected_wh:kwh}，突减。",
        "{energy_wh:kwh} were used; by the days of the previous bill {expected_wh:kwh} were to be expected.",
    ),
    read=levels,
    find=find,
)
