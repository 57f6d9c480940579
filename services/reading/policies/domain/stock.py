"""Rules of meters in stock as data: what a meter needs before it is used, and when a removed one should be back. Pure."""

from dataclasses import dataclass
from typing import Final

from shared.document import Node

DAYS_MAX: Final = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRules:
    """What meters in stock are held to.

    A removed meter is to be taken back (拆回) within `taken_back_days`. `tested_before_use`: one that was taken back is tested
    before it is installed again; `refuse_expired`: none is installed whose verification has expired (超检定有效期).
    """

    taken_back_days: int
    tested_before_use: bool
    refuse_expired: bool


def read(node: Node) -> StockRules:
    """Return the rules of a policy."""
    node.keys("taken_back_days tested_before_use refuse_expired")
    return StockRules(
        taken_back_days=node.get("taken_back_days").whole(0, DAYS_MAX),
        tested_before_use=node.get("tested_before_use").flag(),
        refuse_expired=node.get("refuse_expired").flag(),
    )
