"""A sample of the first run after a price, policy or software change (抽样复核). Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.findings import DRAWN_SAMPLE, Finding
from services.billing.review.domain.rule import Rule, severity
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node

AT_LEAST_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Limit:
    """So many permille of the points are drawn, each by its own lot, but at least so many of a run (`at_least`)."""

    severity: str
    permille: int
    at_least: int = 0

    def draws(self, lot: int) -> bool:
        """Return whether a lot is drawn."""
        return 1000 * lot < self.permille << 64


def read(node: Node) -> Limit | None:
    node.keys("severity permille at_least")
    said, permille = severity(node.get("severity")), node.get("permille").whole(0, 1000)
    fewest = node.maybe("at_least")
    at_least = fewest.whole(0, AT_LEAST_MAX) if fewest else 0
    return Limit(said, permille, at_least) if said else None


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find a bill that is drawn from the first run after a change."""
    if not bill.run_changed or not (limit.draws(bill.lot) or bill.lot <= bill.lots_to):
        return None
    return Finding(RULE.code, limit.severity, {"what": " ".join(bill.run_changed)})


RULE: Final = Rule(
    code=DRAWN_SAMPLE,
    section="drawn_sample",
    source="抄核收工作规范: after a price or software change a trial run, and a sample is looked at.",
    title=Words("变更后抽样", "A sample after a change"),
    words=Words("变更后首次发行，抽样复核：{what}。", "Drawn from the first run after a change: {what}."),
    read=read,
    find=find,
    of_run=True,
)
