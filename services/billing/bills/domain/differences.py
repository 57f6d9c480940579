"""Corrections by difference (差额单): a document says what the bill now in force differs by; the bill before it stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.billing.bills.domain import policy
from services.billing.rating.rating_types import Line

LineKey = tuple[str, str | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDifference:
    """What one charge, period and tier came to before and comes to now, in fen."""

    charge: str
    title: str
    period: str | None
    tier: int | None
    before_fen: int
    now_fen: int


def style(wanted: str, by_difference: Iterable[bool]) -> str:
    """Return the style of a correction: the policy's, but delta where it touches a bill that is told by difference.

    Such a bill is no document, so there is nothing that a reversal could take back.
    """
    return policy.DELTA if any(by_difference) else wanted


def components(old: Mapping[str, int], new: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return new − old by component in fen, in the order of the new bill, without those that did not change."""
    names = [*new, *(name for name in old if name not in new)]
    changed = [(name, new.get(name, 0) - old.get(name, 0)) for name in names]
    return [(name, fen) for name, fen in changed if fen]


def lines(old: Sequence[Line], new: Sequence[Line]) -> list[LineDifference]:
    """Return the charges, periods and tiers whose amounts changed; they sum to new − old.

    Lines of one key in several segments count together: a correction may cut the period in other segments.
    """
    titles: dict[LineKey, str] = {}
    sums: dict[LineKey, list[int]] = {}
    for side, listed in ((1, new), (0, old)):
        for line in listed:
            key = line.charge, line.period, line.tier
            titles.setdefault(key, line.zh)
            sums.setdefault(key, [0, 0])[side] += line.amount_fen
    return [
        LineDifference(
            charge=charge,
            title=titles[charge, period, tier],
            period=period,
            tier=tier,
            before_fen=before_fen,
            now_fen=now_fen,
        )
        for (charge, period, tier), (before_fen, now_fen) in sums.items()
        if before_fen != now_fen
    ]
