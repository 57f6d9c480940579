"""The facts of billing that say what prepaid contracts have used."""

from collections.abc import Mapping, Sequence

from services.collection.prepaid.use_cases import judging
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.prepaid import DailyChargeEstimated


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handler of estimates."""

    async def estimated(tx: Tx, facts: Sequence[DailyChargeEstimated]) -> None:
        await judging.hear(tx, facts)

    return {DailyChargeEstimated: estimated}
