"""Facts that change what late fees follow from."""

from collections.abc import Mapping, Sequence

from services.collection.late_fees.use_cases import charging
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.disputes import DisputeChanged
from shared.events.fact import Fact


def handlers(holding: Handler) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type. `holding`: what dunning does of a dispute, before its fees are calculated again."""

    async def dispute_changed(tx: Tx, facts: Sequence[DisputeChanged]) -> None:
        await holding(tx, facts)
        await charging.hear(tx, facts)

    return {DisputeChanged: dispute_changed}
