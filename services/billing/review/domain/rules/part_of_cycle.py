"""A bill of a part of a reading cycle (不足周期). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Say that the days of a bill are a part of a cycle."""
    if bill.cycle_days is None or bill.days == bill.cycle_days:
        return None
    return Finding(RULE.code, limit, {"days": bill.days, "cycle_days": bill.cycle_days})


RULE: Final = Rule(
    code="billing.part_of_cycle",
    section="part_of_cycle",
    source="Supply rules: the part month of an opening, a closing or a change goes by days.",
    title=Words("不足抄表周期", "A part of a cycle"),
    words=Words(
        "本期 {days} 天，仅为 {cycle_days} 天抄表周期的一部分。",
        "The bill has {days} days, a part of a cycle of {cycle_days}.",
    ),
    read=severity,
    find=find,
)
