"""Facts of reading about site orders."""

from collections.abc import Mapping, Sequence

from services.billing.site_orders.use_cases import hearing
from services.billing.site_orders.use_cases.hearing import Listener
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.reading import SiteOrderDone, SiteOrderNotDone, SiteOrderOverdue, SiteOrderWithdrawn


def handlers(listeners: Mapping[str, Listener]) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type; `listeners`: what takes the results, by kind of subject."""

    async def site_order_done(tx: Tx, facts: Sequence[SiteOrderDone]) -> None:
        await hearing.hear(tx, [hearing.done(fact) for fact in facts], listeners=listeners)

    async def site_order_not_done(tx: Tx, facts: Sequence[SiteOrderNotDone]) -> None:
        await hearing.hear(tx, [hearing.not_done(fact) for fact in facts], listeners=listeners)

    async def site_order_withdrawn(tx: Tx, facts: Sequence[SiteOrderWithdrawn]) -> None:
        await hearing.hear(tx, [hearing.withdrawn(fact) for fact in facts], listeners=listeners)

    async def site_order_overdue(tx: Tx, facts: Sequence[SiteOrderOverdue]) -> None:
        await hearing.hear_overdue(tx, facts)

    return {
        SiteOrderDone: site_order_done,
        SiteOrderNotDone: site_order_not_done,
        SiteOrderWithdrawn: site_order_withdrawn,
        SiteOrderOverdue: site_order_overdue,
    }
