"""Facts of reading and billing that dunning acts on."""

from collections.abc import Mapping, Sequence

from services.collection.dunning.use_cases import doubts
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import ChargeHoldChanged
from shared.events.disputes import DisputeChanged
from shared.events.fact import Fact


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def dispute_changed(tx: Tx, facts: Sequence[DisputeChanged]) -> None:
        await doubts.hold(tx, facts)

    async def charge_hold_changed(tx: Tx, facts: Sequence[ChargeHoldChanged]) -> None:
        await doubts.hold_charges(tx, facts)

    return {DisputeChanged: dispute_changed, ChargeHoldChanged: charge_hold_changed}
