"""Supply that was cut or restored explains what was used: bills that are not out are looked at again by what is known now."""

from collections.abc import Sequence
from datetime import date

from services.billing.bills.store import compared as bills_store
from services.billing.bills.use_cases import billing
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.supplies import store
from shared.db.engine import Tx
from shared.events.supply import SupplySwitched


async def hear(tx: Tx, facts: Sequence[SupplySwitched], *, context: Context) -> None:
    """Keep where supply was cut and restored, and calculate again what is not out of these points.

    Issued bills stay as they are: not a figure of them changes by it. What comes twice changes nothing.
    """
    points = sorted(await store.insert(tx, facts, context.zone)) if facts else []
    if not points:
        return
    await contracts_store.lock_at(tx, points)
    first: dict[str, date] = {}
    for row in await bills_store.not_out_at(tx, points):
        first[row.contract_no] = min(row.period_from, first.get(row.contract_no, row.period_from))
    if first:
        await billing.bill_changed(tx, (), first, context=context)
