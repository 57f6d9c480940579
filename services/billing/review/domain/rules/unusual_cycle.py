"""A reading cycle longer or shorter than its months (抄表周期异常). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Say that a cycle is longer or shorter than its months."""
    if bill.cycle_days is None or 27 * bill.months < bill.cycle_days <= 31 * bill.months:
        return None
    return Finding(RULE.code, limit, {"cycle_days": bill.cycle_days, "months": bill.months})


RULE: Final = Rule(
    code="billing.unusual_cycle",
    section="unusual_cycle",
    source="抄表例日: the read day of a route stays; 27 to 31 days a month are usual.",
    title=Words("抄表周期异常", "A cycle longer or shorter than its months"),
    words=Words(
        "抄表周期 {cycle_days} 天，与 {months} 个月不符。",
        "The cycle of {months} months has {cycle_days} days.",
    ),
    read=severity,
    find=find,
)
