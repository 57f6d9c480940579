"""The first bill of a contract, which many utilities check one by one (新装首次). Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words


def find(bill: Subject, limit: str) -> Finding | None:
    """Find the first bill of a contract."""
    return Finding(RULE.code, limit) if bill.previous_wh is None else None


RULE: Final = Rule(
    code="billing.first_bill",
    section="first_bill",
    source="抄核收工作规范: the first bill after a new service is reviewed, every one.",
    title=Words("新装首次", "The first bill of a contract"),
    words=Words("该合同的首张电费账单。", "The first bill of the contract."),
    read=severity,
    find=find,
)
