"""Facts of billing that make points be read again."""

from collections.abc import Mapping, Sequence

from services.reading.tasks.use_cases import rereads
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import RereadRequested
from shared.events.fact import Fact


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def reread_requested(tx: Tx, facts: Sequence[RereadRequested]) -> None:
        await rereads.request_rereads(tx, facts)

    return {RereadRequested: reread_requested}
