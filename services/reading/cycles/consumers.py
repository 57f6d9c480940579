"""Facts of billing that cut periods, or make points be read again."""

from collections.abc import Mapping, Sequence
from functools import partial

from services.reading.context import Context
from services.reading.cycles.use_cases import cuts
from services.reading.orders.use_cases import asking
from services.reading.orders.use_cases.asking import Deadlines
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.use_cases import asked_ends
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.knowing import Loader
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, RereadRequested
from shared.events.fact import Fact


def handlers(own: Context) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""
    deadlines = Deadlines(policies=own.policies, calendar=own.calendar)
    derive = partial(deriving.derive_again, loader=Loader(days=ReadDays(own.policies, own.zone)))

    async def account_changed(tx: Tx, facts: Sequence[AccountChanged]) -> None:
        await cuts.copy_contracts(tx, facts, policies=own.policies, zone=own.zone)

    async def reread_requested(tx: Tx, facts: Sequence[RereadRequested]) -> None:
        again = [fact for fact in facts if fact.day is None]
        await asking.ask_by_facts(tx, again, deadlines=deadlines, zone=own.zone)
        await asked_ends.ask_for_changes(tx, [fact for fact in facts if fact.day is not None], derive=derive)

    return {AccountChanged: account_changed, RereadRequested: reread_requested}
