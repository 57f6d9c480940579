"""Facts of collection that ask for supply orders, and withdraw them."""

from collections.abc import Mapping, Sequence

from services.reading.supply.use_cases import hearing
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.supply import SupplyOrderRequested, SupplyOrderWithdrawn


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def asked(tx: Tx, facts: Sequence[SupplyOrderRequested]) -> None:
        await hearing.asked(tx, facts)

    async def withdrawn(tx: Tx, facts: Sequence[SupplyOrderWithdrawn]) -> None:
        await hearing.withdrawn(tx, facts)

    return {SupplyOrderRequested: asked, SupplyOrderWithdrawn: withdrawn}
