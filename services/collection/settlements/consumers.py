"""Facts of billing that settlements follow from."""

from collections.abc import Mapping, Sequence

from services.collection.settlements.use_cases import settling
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.closings import FinalBillIssued
from shared.events.fact import Fact


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def final_bill_issued(tx: Tx, facts: Sequence[FinalBillIssued]) -> None:
        await settling.hear(tx, facts)

    return {FinalBillIssued: final_bill_issued}
