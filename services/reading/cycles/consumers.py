"""Facts of billing that cut periods."""

from collections.abc import Mapping, Sequence

from services.reading.context import Context
from services.reading.cycles.use_cases import cuts
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import AccountChanged
from shared.events.fact import Fact


def handlers(own: Context) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def account_changed(tx: Tx, facts: Sequence[AccountChanged]) -> None:
        await cuts.copy_contracts(tx, facts, policies=own.policies, zone=own.zone)

    return {AccountChanged: account_changed}
