"""What billing does with the facts of reading. Usages come before closed routes: within a batch the order is the dict's."""

from collections.abc import Mapping, Sequence

from services.billing.context import Context
from services.billing.runs.use_cases import explaining, intake, switching, totals
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.reading import RouteClosed, RouteExplained, UsageMeasured
from shared.events.supply import SupplySwitched


def handlers(context: Context) -> Mapping[type[Fact], Handler]:
    """Return the handler of each fact that billing reads."""

    async def usages(tx: Tx, facts: Sequence[UsageMeasured]) -> None:
        await intake.record(tx, facts, context=context)

    async def routes(tx: Tx, facts: Sequence[RouteClosed]) -> None:
        await totals.close(tx, facts, context=context)

    async def explanations(tx: Tx, facts: Sequence[RouteExplained]) -> None:
        await explaining.hear(tx, facts, context=context)

    async def switches(tx: Tx, facts: Sequence[SupplySwitched]) -> None:
        await switching.hear(tx, facts, context=context)

    return {SupplySwitched: switches, UsageMeasured: usages, RouteClosed: routes, RouteExplained: explanations}
