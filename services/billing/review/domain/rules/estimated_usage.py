"""A bill on an estimate, and too many of them in a row (估抄). Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import HOLD, Finding
from services.billing.review.domain.rule import Rule, count, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node


@dataclass(frozen=True, slots=True)
class Limit:
    """After so many in a row a bill is held, whatever the severity."""

    severity: str
    in_a_row_max: int


def read(node: Node) -> Limit | None:
    node.keys("severity hold_after_in_a_row")
    said, most = severity(node.get("severity")), count(node, "hold_after_in_a_row")
    return Limit(said, most) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find a bill on an estimate, and hold it after too many in a row."""
    if not bill.estimated:
        return None
    said = HOLD if bill.estimates_in_a_row > limit.in_a_row_max else limit.severity
    return Finding(RULE.code, said, {"in_a_row": bill.estimates_in_a_row})


RULE: Final = Rule(
    code="billing.estimated_usage",
    section="estimated_usage",
    source="供电营业规则: a point that is unreadable six months in a row ends its supply after notice; 估抄 is found.",
    title=Words("估抄", "An estimate"),
    words=Words("本期为估抄，连续第 {in_a_row} 次。", "The usage is an estimate, number {in_a_row} in a row."),
    read=read,
    find=find,
)
