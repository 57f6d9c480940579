"""What accounts have to know of the facts of reading."""

from collections.abc import Mapping, Sequence

from services.billing.accounts import use_cases
from services.billing.context import Context
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.reading import ServicePointChanged


def handlers(context: Context) -> Mapping[type[Fact], Handler]:
    """Return the handler of each fact that accounts read."""

    async def points(tx: Tx, facts: Sequence[ServicePointChanged]) -> None:
        await use_cases.know_points(tx, facts, context=context)

    return {ServicePointChanged: points}
