"""Facts of billing that reading acts on."""

from collections.abc import Mapping, Sequence

from services.reading.application import accounts
from services.reading.entrypoints.context import Context
from shared.bus.consumer import Handler
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, RereadRequested
from shared.events.fact import Fact


def handlers(own: Context) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def account_changed(tx: Tx, facts: Sequence[AccountChanged]) -> None:
        await accounts.copy_contracts(tx, facts, policies=own.policies, zone=own.zone)

    async def reread_requested(tx: Tx, facts: Sequence[RereadRequested]) -> None:
        await accounts.request_rereads(tx, facts)

    return {AccountChanged: account_changed, RereadRequested: reread_requested}
