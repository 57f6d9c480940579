"""Facts of reading that adjustments follow from."""

from collections.abc import Mapping, Sequence

from services.billing.adjustments.use_cases import hearing
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.disputes import MeterTested
from shared.events.fact import Fact


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def meter_tested(tx: Tx, facts: Sequence[MeterTested]) -> None:
        await hearing.hear(tx, facts)

    return {MeterTested: meter_tested}
