"""A bill on an actual read that settles the estimate billed before (暂按前次用电量计收，一并结清). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find a bill that settles the estimate before it."""
    return Finding(RULE.code, limit) if bill.settles_estimate else None


RULE: Final = Rule(
    code="billing.settles_estimate",
    section="settles_estimate",
    source="供电营业规则: 暂按前次用电量计收, settled at the next read.",
    title=Words("结清估抄", "An estimate is settled"),
    words=Words("本期实抄，结清此前的估抄。", "An actual read settles the estimates before it."),
    read=severity,
    find=find,
)
