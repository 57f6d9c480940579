"""What reading tells of visits that were asked for is what became of their notices."""

from collections.abc import Mapping, Sequence

from services.notify.calls.use_cases import visits
from services.notify.context import Context
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.reading import SiteOrderDone, SiteOrderNotDone, SiteOrderWithdrawn


def handlers(own: Context) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def done(tx: Tx, facts: Sequence[SiteOrderDone]) -> None:
        await visits.hear(tx, [visits.of_done(fact) for fact in facts], own.policies)
        tx.after_commit(own.wake)

    async def not_done(tx: Tx, facts: Sequence[SiteOrderNotDone]) -> None:
        await visits.hear(tx, [visits.of_not_done(fact) for fact in facts], own.policies)
        tx.after_commit(own.wake)

    async def withdrawn(tx: Tx, facts: Sequence[SiteOrderWithdrawn]) -> None:
        await visits.hear(tx, [visits.of_withdrawn(fact) for fact in facts], own.policies)
        tx.after_commit(own.wake)

    return {SiteOrderDone: done, SiteOrderNotDone: not_done, SiteOrderWithdrawn: withdrawn}
