"""A bill above the amount that its customer class can have (异常电费). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import ANY, COUNT_MAX, Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node


@dataclass(frozen=True, slots=True)
class Limit:
    """Fen by customer class; `*` is for those that are not named."""

    severity: str
    fen: Mapping[str, int]


def read(node: Node) -> Limit | None:
    node.keys("severity over_fen")
    said = severity(node.get("severity"))
    fen = {name: limit.whole(0, COUNT_MAX) for name, limit in node.get("over_fen").fields()}
    return Limit(said, fen) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find a bill above the amount that its customer class can have."""
    limit_fen = limit.fen.get(bill.customer_class, limit.fen.get(ANY))
    if limit_fen is None or abs(bill.total_fen) <= limit_fen:
        return None
    return Finding(RULE.code, limit.severity, {"total_fen": bill.total_fen, "limit_fen": limit_fen})


RULE: Final = Rule(
    code="billing.abnormal_amount",
    section="abnormal_amount",
    source="审核: 异常电费; the limits are the product's, a utility sets its own.",
    title=Words("电费异常", "An amount above what the class can have"),
    words=Words(
        "本期电费 {total_fen:yuan}，超过该类用户上限 {limit_fen:yuan}。",
        "The bill is {total_fen:yuan}, above the limit of its class, {limit_fen:yuan}.",
    ),
    read=read,
    find=find,
)
