"""What sub-meters measured and the bill takes off (套扣). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Say what each sub-meter measured."""
    if not bill.sub_meters:
        return None
    return Finding(RULE.code, limit, bill.sub_meters)


RULE: Final = Rule(
    code="billing.sub_meters",
    section="sub_meters",
    source="Figures for who reviews: 套表电量, by service point.",
    title=Words("套扣电量", "What sub-meters measured"),
    words=Words(
        "已扣减套表电量。",
        "What sub-meters measured was taken off.",
    ),
    read=severity,
    find=find,
)
