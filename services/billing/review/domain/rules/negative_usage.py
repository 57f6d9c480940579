"""A bill whose usage runs backwards (负电量). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find a bill whose usage runs backwards."""
    return None if bill.energy_wh >= 0 else Finding(RULE.code, limit, {"energy_wh": bill.energy_wh})


RULE: Final = Rule(
    code="billing.negative_usage",
    section="negative_usage",
    source="审核: 负电量; an estimate that was too high, or a register read wrong.",
    title=Words("负电量", "Usage that runs backwards"),
    words=Words("本期电量为负：{energy_wh:kwh}。", "The usage is below zero: {energy_wh:kwh}."),
    read=severity,
    find=find,
)
