"""Facts of reading that cuts follow from."""

from collections.abc import Mapping, Sequence

from services.collection.supply.use_cases import hearing
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.supply import SupplySwitched, SupplySwitchFailed, SupplySwitchUnknown


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def switched(tx: Tx, facts: Sequence[SupplySwitched]) -> None:
        await hearing.switched(tx, facts)

    async def failed(tx: Tx, facts: Sequence[SupplySwitchFailed]) -> None:
        await hearing.failed(tx, facts)

    async def unknown(tx: Tx, facts: Sequence[SupplySwitchUnknown]) -> None:
        await hearing.unknown(tx, facts)

    return {SupplySwitched: switched, SupplySwitchFailed: failed, SupplySwitchUnknown: unknown}
