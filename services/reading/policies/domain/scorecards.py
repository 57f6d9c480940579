"""Rules of scorecards as data: when they are made, and what counts on them. Pure."""

from dataclasses import dataclass
from typing import Final

from shared.document import Node

AFTER_DAYS_MAX: Final = 31
WH_OF_A_KWH: Final = 1000
KWH_MAX: Final = 1_000_000_000
FEN_MAX: Final = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorecardRules:
    """How many days after its month a scorecard (考核结果) is made, and what counts on it.

    A corrected read is its reader's error unless the correction has one of `meter_reasons`; it is a serious one from so many Wh,
    or from so many fen on a bill. Of disputes those are confirmed that end with one of `confirmed_disputes`.
    """

    after_days: int
    meter_reasons: tuple[str, ...]
    serious_wh: int
    serious_fen: int
    confirmed_disputes: tuple[str, ...]


def read(node: Node, *, reach_days: int) -> ScorecardRules:
    """Return the rules of a policy; a scorecard is made when no read of its month can come any more but one told late."""
    node.keys("after_days meter_reasons serious_kwh serious_fen confirmed_disputes")
    after_days = node.get("after_days").whole(0, AFTER_DAYS_MAX)
    if node.get("after_days").sound and after_days <= reach_days:
        node.get("after_days").refuse("value_wrong", f"more than adherence.reach_days ({reach_days}) was expected")
    return ScorecardRules(
        after_days=after_days,
        meter_reasons=node.get("meter_reasons").texts(),
        serious_wh=node.get("serious_kwh").whole(1, KWH_MAX) * WH_OF_A_KWH,
        serious_fen=node.get("serious_fen").whole(1, FEN_MAX),
        confirmed_disputes=node.get("confirmed_disputes").texts(),
    )
