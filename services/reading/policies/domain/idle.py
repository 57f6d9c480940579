"""Rules of idle meters as data: from when on a meter is idle, and what it costs by its type. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.document import Node

CYCLES_MAX: Final = 120
DAYS_MAX: Final = 3660
FEN_MAX: Final = 10_000_000
OTHERS: Final = "*"
"""The costs of all types that have none of their own, and of meters whose type is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a meter costs in fen a month: its purchase over its life (折旧), its verifications (检定), the visits to read it."""

    purchase_fen: int
    verification_fen: int
    visit_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleRules:
    """A meter is idle (闲置) that was not used for `unused_cycles` cycles, or is in stock for `stock_days`."""

    unused_cycles: int
    stock_days: int
    costs: Mapping[str, Costs]

    def costs_of(self, meter_type: str | None) -> Costs:
        """Return the costs of a type."""
        return self.costs.get(meter_type or OTHERS) or self.costs[OTHERS]


def read(node: Node) -> IdleRules:
    """Return the rules of a policy."""
    costs = node.keys("unused_cycles stock_days costs").get("costs")
    found = {name: _costs(each) for name, each in costs.fields()}
    return IdleRules(
        unused_cycles=node.get("unused_cycles").whole(1, CYCLES_MAX),
        stock_days=node.get("stock_days").whole(0, DAYS_MAX),
        costs={OTHERS: _costs(costs.get(OTHERS))} | found,
    )


def _costs(node: Node) -> Costs:
    node.keys("purchase_fen verification_fen visit_fen")
    return Costs(
        purchase_fen=node.get("purchase_fen").whole(0, FEN_MAX),
        verification_fen=node.get("verification_fen").whole(0, FEN_MAX),
        visit_fen=node.get("visit_fen").whole(0, FEN_MAX),
    )
