"""Facts of reading that dunning acts on."""

from collections.abc import Mapping, Sequence

from services.collection.dunning import use_cases
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.disputes import DisputeChanged
from shared.events.fact import Fact


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def dispute_changed(tx: Tx, facts: Sequence[DisputeChanged]) -> None:
        await use_cases.hold(tx, facts)

    return {DisputeChanged: dispute_changed}
