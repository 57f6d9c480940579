"""An active account without usage (零电量). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find a bill without usage of an account whose equipment is not all suspended, and that had supply on some day."""
    if bill.energy_wh or bill.suspended or not bill.supplied_days:
        return None
    return Finding(RULE.code, limit, {"cut_days": bill.cut_days} if bill.cut_days else {})


RULE: Final = Rule(
    code="billing.zero_usage",
    section="zero_usage",
    source="审核: 零电量 is shown; three cycles of it in a row are another rule (billing.zeros_in_a_row).",
    title=Words("零电量", "An active account without usage"),
    words=Words("本期电量为零。", "Nothing was used in the period."),
    read=severity,
    find=find,
)
