"""Facts of billing that disputes are counted with."""

from collections.abc import Mapping, Sequence

from services.reading.disputes.use_cases import reporting
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import AdjustmentIssued
from shared.events.fact import Fact


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def adjustment_issued(tx: Tx, facts: Sequence[AdjustmentIssued]) -> None:
        await reporting.keep_adjustments(tx, facts)

    return {AdjustmentIssued: adjustment_issued}
