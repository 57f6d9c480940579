"""Facts of billing and notify that ask for site orders, or need them no more."""

from collections.abc import Mapping, Sequence

from services.reading.context import Context
from services.reading.orders.use_cases import asking, withdrawing
from services.reading.orders.use_cases.asking import Deadlines
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import SiteOrderRequested, SiteOrderWithdrawalRequested
from shared.events.fact import Fact
from shared.events.notify import VisitAsked, VisitWithdrawn


def handlers(own: Context) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type; re-reads are asked for by `RereadRequested` too, which `cycles` takes."""
    deadlines = Deadlines(policies=own.policies, calendar=own.calendar)

    async def site_order_requested(tx: Tx, facts: Sequence[SiteOrderRequested]) -> None:
        await asking.ask_by_facts(tx, facts, deadlines=deadlines, zone=own.zone)

    async def withdrawal_requested(tx: Tx, facts: Sequence[SiteOrderWithdrawalRequested]) -> None:
        await withdrawing.take_back_by_facts(tx, facts)

    async def visit_asked(tx: Tx, facts: Sequence[VisitAsked]) -> None:
        await asking.ask_by_facts(tx, facts, deadlines=deadlines, zone=own.zone)

    async def visit_withdrawn(tx: Tx, facts: Sequence[VisitWithdrawn]) -> None:
        await withdrawing.take_back_by_facts(tx, facts)

    return {
        SiteOrderRequested: site_order_requested,
        SiteOrderWithdrawalRequested: withdrawal_requested,
        VisitAsked: visit_asked,
        VisitWithdrawn: visit_withdrawn,
    }
