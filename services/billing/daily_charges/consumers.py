"""The facts of reading that say what runs at prepaid points."""

from collections.abc import Mapping, Sequence

from services.billing.daily_charges import use_cases
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.prepaid import DailyRegister


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handler of daily registers."""

    async def registers(tx: Tx, facts: Sequence[DailyRegister]) -> None:
        await use_cases.hear(tx, facts)

    return {DailyRegister: registers}
