"""A bill with a basic charge and no reactive energy (两部制无无功电量). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find a two-part bill whose reactive energy is missing or zero."""
    if not bill.basic_fen or bill.energy_wh <= 0 or bill.reactive_wh:
        return None
    return Finding(RULE.code, limit, {"energy_wh": bill.energy_wh})


RULE: Final = Rule(
    code="billing.reactive_missing",
    section="reactive_missing",
    source="功率因数调整电费办法 (1983): who is on a two-part price is measured for reactive energy too.",
    title=Words("两部制无无功电量", "A two-part bill without reactive energy"),
    words=Words(
        "两部制用户本期有功 {energy_wh:kwh}，无功为零或缺失。",
        "A two-part account used {energy_wh:kwh} with no reactive energy.",
    ),
    read=severity,
    find=find,
)
