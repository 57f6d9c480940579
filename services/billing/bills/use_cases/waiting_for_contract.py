"""Billing the usages that waited for a contract."""

from collections.abc import Sequence

from services.billing.bills.use_cases import calculation
from services.billing.context import Context
from services.billing.usages import domain as usages
from services.billing.usages import store as usages_store
from shared.db.engine import Tx


async def bill_waiting(tx: Tx, service_points: Sequence[str], *, context: Context) -> None:
    """Bill what waits at service points whose contracts have just been written."""
    waiting = await usages_store.take_waiting(tx, service_points)
    for wave in usages.waves(waiting):
        await calculation.bill(tx, wave, context=context, waited=True)
    if waiting:
        tx.after_commit(context.wake.set)


async def bill_answered(tx: Tx, *, context: Context) -> int:
    """Bill waiting usages whose contract came at the very moment they began to wait, and return how many."""
    waiting = await usages_store.take_answered(tx)
    for wave in usages.waves(waiting):
        await calculation.bill(tx, wave, context=context, waited=True)
    return len(waiting)
