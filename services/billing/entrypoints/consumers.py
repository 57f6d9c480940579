"""What billing does with the facts of the others. Usages come before closed routes: within a batch the order is the dict's."""

from collections.abc import Sequence

from services.billing.application import calculation, runs
from services.billing.application.context import Context
from shared.bus.consumer import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.reading import RouteClosed, UsageMeasured


def handlers(context: Context) -> dict[type[Fact], Handler]:
    """Name the handler of each fact that billing reads."""

    async def usages(tx: Tx, facts: Sequence[UsageMeasured]) -> None:
        await calculation.record(tx, facts, context=context)

    async def routes(tx: Tx, facts: Sequence[RouteClosed]) -> None:
        await runs.close(tx, facts, context=context)

    return {UsageMeasured: usages, RouteClosed: routes}
