"""The timed work of the ledger."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Final

from services.collection.ledger.store import subtotals
from shared.db import jobs
from shared.db.engine import Tx, View
from shared.db.jobs import Job

FOLD: Final = "fold-subtotals"
CHECK: Final = "check-books"
BROKEN: Final = "broken"
Invariants = Callable[[View], Awaitable[Mapping[str, tuple[int, int]]]]
"""Returns each invariant of the books by name with its two numbers, reckoned from what is posted."""


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


def check_books(invariants: Invariants) -> Job:
    """Return the job that reckons every invariant of the books, and counts those that do not hold."""

    async def chunks(_view: View, _business_date: date) -> Sequence[str]:
        return ["books"]

    async def work(tx: Tx, _business_date: date, _chunk: str) -> dict[str, int]:
        found = await invariants(tx)
        return {"checked": len(found), BROKEN: sum(left != right for left, right in found.values())}

    return Job(name=CHECK, chunks=chunks, work=work)


async def gauges(view: View) -> Mapping[str, float]:
    """Return how many invariants did not hold when they were checked last."""
    return {"books_invariants_broken": float(await jobs.newest_count(view, CHECK, BROKEN))}
