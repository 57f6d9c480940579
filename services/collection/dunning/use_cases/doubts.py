"""What disputes of usages and charges hold of dunning, as reading and billing tell it."""

from collections.abc import Sequence

from services.collection.dunning.store import doubts as store
from shared.db.engine import Tx
from shared.events.billing import ChargeHoldChanged
from shared.events.disputes import DisputeChanged


async def hold(tx: Tx, facts: Sequence[DisputeChanged]) -> None:
    """Keep whose dunning reading wants held, in any order; a hold that is not renewed ends by its day."""
    newest: dict[str, DisputeChanged] = {}
    for fact in facts:
        known = newest.get(fact.dispute_no)
        if known is None or fact.version > known.version:
            newest[fact.dispute_no] = fact
    await store.put_holds(tx, [newest[no] for no in sorted(newest)])


async def hold_charges(tx: Tx, facts: Sequence[ChargeHoldChanged]) -> None:
    """Keep which charges are disputed, in any order; a hold that is not renewed ends by its day."""
    newest: dict[str, ChargeHoldChanged] = {}
    for fact in facts:
        known = newest.get(fact.charge_no)
        if known is None or fact.version > known.version:
            newest[fact.charge_no] = fact
    await store.put_charge_holds(tx, [newest[no] for no in sorted(newest)])
