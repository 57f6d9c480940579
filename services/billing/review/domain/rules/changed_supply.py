"""The first bill of a supply that was changed (变更首次): class, tariff, option, capacity or meter. Pure."""

from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words

SUPPLY: Final = ("class", "tariff", "option", "capacity", "meter")
"""What of `changed` makes another supply of it: a household that grows does not."""


def find(bill: Subject, limit: str) -> Finding | None:
    """Find the first bill after a change of the supply."""
    what = [name for name in SUPPLY if name in bill.changed]
    if not what:
        return None
    return Finding(RULE.code, limit, {"what": " ".join(what)})


RULE: Final = Rule(
    code="billing.changed_supply",
    section="changed_supply",
    source="抄核收工作规范: the first bill after a changed service is reviewed, every one.",
    title=Words("变更首次", "The first bill of a changed supply"),
    words=Words(
        "业务变更后的首张电费账单：{what}。",
        "The first bill after a change of {what}.",
    ),
    read=severity,
    find=find,
)
