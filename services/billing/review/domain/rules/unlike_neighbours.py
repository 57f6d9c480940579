"""A bill unlike its neighbours (邻户比对) of route, class and size: its use has changed otherwise since the run before. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from services.billing.review.domain.beside import First
from services.billing.review.domain.findings import Finding
from services.billing.review.domain.rule import Rule, count, severity
from services.billing.review.domain.subject import Peers, Subject
from services.billing.review.domain.words import Words
from shared.document import Node

RATIO_MAX: Final = 10**9  # a million times as much as before: what was next to nothing before says nothing


@dataclass(frozen=True, slots=True)
class Limit:
    """From a modified z-score (0.6745 × |x − median| ÷ MAD) in hundredths and a difference in Wh on; both must be met.

    `points_min`: fewer neighbours say nothing. `spread_permille`: the deviation is taken for at least this. `sizes`: Wh a day
    before, from which on the next group of sizes begins.
    """

    severity: str
    score: int
    wh: int
    points_min: int
    spread_permille: int
    sizes: tuple[int, ...]

    def group(self, customer_class: str, before_wh: int, before_days: int) -> str:
        """Return the group of neighbours of a point, which other sizes have under other names."""
        reached = sum(before_wh >= size * before_days for size in self.sizes)
        low, high = (0, *self.sizes)[reached], (*self.sizes, 0)[reached]
        return f"{customer_class}/{low // 1000}-{high // 1000 or ''}"


def read(node: Node) -> Limit | None:
    node.keys("severity score_hundredths over_kwh points_min spread_percent sizes_kwh_a_day")
    said = severity(node.get("severity"))
    limit = Limit(
        severity=said or "",
        score=count(node, "score_hundredths"),
        wh=1000 * count(node, "over_kwh"),
        points_min=node.get("points_min").whole(3, 1000),
        spread_permille=10 * node.get("spread_percent").whole(1, 100),
        sizes=tuple(1000 * size.whole(1, 10**6) for size in node.get("sizes_kwh_a_day").items()),
    )
    return limit if said else None


def measure(usages: Iterable[First], limit: Limit) -> dict[str, Peers]:
    """Return how the use of neighbours has changed, by group; of fewer than enough nothing."""
    groups: dict[str, list[int]] = {}
    for one in usages:
        if (
            one.before_wh is not None
            and (ratio := _ratio(one.energy_wh, one.days, one.before_wh, one.before_days)) >= 0
        ):
            groups.setdefault(limit.group(one.customer_class, one.before_wh, one.before_days), []).append(ratio)
    return {group: _peers(ratios) for group, ratios in sorted(groups.items()) if len(ratios) >= limit.points_min}


def _peers(ratios: Sequence[int]) -> Peers:
    middle = median_low(ratios)
    return Peers(len(ratios), middle, median_low([abs(each - middle) for each in ratios]))


def _ratio(energy_wh: int, days: int, before_wh: int, before_days: int) -> int:
    """Return what is used a day, in permille of what was used a day before; below 0 where that says nothing."""
    if before_wh <= 0 or before_days <= 0 or days <= 0:
        return -1
    return min(1000 * energy_wh * before_days // (before_wh * days), RATIO_MAX)


def find(bill: Subject, limit: Limit) -> Finding | None:
    """Find a bill whose use has changed otherwise than that of its neighbours."""
    beside = bill.beside
    if beside is None:
        return None
    ratio = _ratio(bill.energy_wh, bill.days, beside.before_wh, beside.before_days)
    peers = beside.peers.get(limit.group(bill.customer_class, beside.before_wh, beside.before_days))
    if peers is None or beside.before_wh <= 0 or beside.before_days <= 0 or bill.days <= 0:
        return None
    score = 6745 * abs(ratio - peers.median) // (100 * max(peers.deviation, limit.spread_permille))
    expected_wh = beside.before_wh * bill.days * peers.median // (1000 * beside.before_days)
    if score < limit.score or abs(bill.energy_wh - expected_wh) < limit.wh:
        return None
    values = {
        "energy_wh": bill.energy_wh,
        "expected_wh": expected_wh,
        "points": peers.points,
        "score_hundredths": score,
    }
    return Finding(RULE.code, limit.severity, values)


RULE: Final = Rule(
    code="billing.unlike_neighbours",
    section="unlike_neighbours",
    source="Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers: modified z-score by median and MAD, 3.5.",
    title=Words("与邻户不同", "A bill unlike its neighbours"),
    words=Words(
        "本期电量 {energy_wh:kwh}；同段同类 {points} 户的变化推算应为 {expected_wh:kwh}。",
        "{energy_wh:kwh} were used; by the change of {points} neighbours of its class and size it were {expected_wh:kwh}.",
    ),
    read=read,
    find=find,
    of_run=True,
)
