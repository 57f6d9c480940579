"""A bill on a usage that was told again, or in place of an issued bill (电量更正). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find a bill that corrects another, or rests on a usage that was told again."""
    if not bill.corrects and bill.version == 1:
        return None
    return Finding(RULE.code, limit, {"version": bill.version, "why": bill.edited or "facts"})


RULE: Final = Rule(
    code="billing.corrected",
    section="corrected",
    source="审核: 更正.",
    title=Words("更正", "A correction"),
    words=Words(
        "更正账单：电量第 {version} 版，原因 {why}。",
        "A correction: version {version} of the usage, because of {why}.",
    ),
    read=severity,
    find=find,
)
