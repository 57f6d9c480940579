"""Account data that change within the period (周期内档案变更): class, household, tariff, option, capacity. Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find a bill within whose period account data change."""
    if not bill.changed_within:
        return None
    return Finding(RULE.code, limit, {"what": " ".join(bill.changed_within)})


RULE: Final = Rule(
    code="billing.account_changed_in_period",
    section="account_changed_in_period",
    source="审核: 周期内用户档案变更.",
    title=Words("周期内档案变更", "Account data that change within the period"),
    words=Words(
        "本期内用户档案有变更：{what}。",
        "Within the period these account data change: {what}.",
    ),
    read=severity,
    find=find,
)
