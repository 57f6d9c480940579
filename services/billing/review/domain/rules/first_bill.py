"""The first bill of a new supply (新装首次): every one is looked at. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node


@dataclass(frozen=True, slots=True)
class Limit:
    """A supply that begins before `since` was there when the utility went live: that is an opening, and no new supply.

    None: nobody has said when that was. A supply is new then where its route was live before, or where it begins after the first
    cycle of the books: a new estate with a route of its own is none of those that were taken over. That is known once the run is
    compared. Who takes customers over later, from the day of that on, names the day after it.
    """

    severity: str
    since: date | None


def read(node: Node) -> Limit | None:
    node.keys("severity since")
    said, since = severity(node.get("severity")), node.get("since").day()
    return Limit(said, since) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find the first bill of a supply that begins with it; an account that is taken over from another system is none."""
    if bill.previous_wh is not None or bill.began is None:
        return None
    is_new = bill.books_were_open if limit.since is None else bill.began >= limit.since
    if not is_new:
        return None
    return Finding(RULE.code, limit.severity, {"began": bill.began.isoformat()})


RULE: Final = Rule(
    code="billing.first_bill",
    section="first_bill",
    source="抄核收工作规范: the first bill after a new service is reviewed, every one.",
    title=Words("新装首次", "The first bill of a new supply"),
    words=Words("新装用户首张电费账单，{began} 起供电。", "The first bill of a supply that began on {began}."),
    read=read,
    find=find,
    of_run=True,
)
