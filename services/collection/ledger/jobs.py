"""The timed work of the ledger."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.collection.ledger.store import subtotals
from shared.db.engine import Tx, View
from shared.db.jobs import Job

FOLD: Final = "fold-subtotals"


def fold_subtotals() -> Job:
    """Return the job that puts one row in the place of all that were added to a subtotal: what they say stays the same."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return [f"{table} {day}" for table, day in await subtotals.days_to_fold(view)]

    async def work(tx: Tx, _business_date: date, chunk: str) -> dict[str, int]:
        table, _, day = chunk.partition(" ")
        return {"folded": await subtotals.fold(tx, table, date.fromisoformat(day))}

    async def why(_view: View, _business_date: date) -> str:
        return "each subtotal is one row"

    return Job(name=FOLD, chunks=chunks, work=work, why=why)
