"""Facts of billing that ask for site orders."""

from collections.abc import Mapping, Sequence

from services.reading.context import Context
from services.reading.orders.use_cases import asking
from services.reading.orders.use_cases.asking import Deadlines
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import SiteOrderRequested
from shared.events.fact import Fact


def handlers(own: Context) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type; re-reads are asked for by `RereadRequested` too, which `cycles` takes."""
    deadlines = Deadlines(policies=own.policies, calendar=own.calendar)

    async def site_order_requested(tx: Tx, facts: Sequence[SiteOrderRequested]) -> None:
        await asking.ask_by_facts(tx, facts, deadlines=deadlines, zone=own.zone)

    return {SiteOrderRequested: site_order_requested}
