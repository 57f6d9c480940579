"""What disputes of usages and charges hold of dunning, as reading and billing tell it."""

from collections.abc import Sequence

from services.collection.dunning.store import doubts as store
from shared.db.engine import Tx
from shared.events.billing import ChargeHoldChanged
from shared.events.disputes import DisputeChanged
from shared.events.fact import newest


async def hold(tx: Tx, facts: Sequence[DisputeChanged]) -> None:
    """Keep whose dunning reading wants held, in any order; a hold that is not renewed ends by its day."""
    await store.put_holds(tx, newest(facts, lambda fact: fact.dispute_no))


async def hold_charges(tx: Tx, facts: Sequence[ChargeHoldChanged]) -> None:
    """Keep which charges are disputed, in any order; a hold that is not renewed ends by its day."""
    await store.put_charge_holds(tx, newest(facts, lambda fact: fact.charge_no))
