"""The timed work of the ledger."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Final

from services.collection.ledger.store import subtotals
from shared.db import jobs
from shared.db.engine import Database, Tx, View
from shared.db.jobs import Job

log = logging.getLogger(__name__)

FOLD: Final = "fold-subtotals"
CHECK: Final = "check-books"
BROKEN: Final = "broken"
Parts = Callable[[View], Awaitable[Sequence[str]]]
"""Returns the parts in which the books are checked."""
Check = Callable[[View, str], Awaitable[Mapping[str, tuple[int, int]]]]
"""Returns each invariant of a part of the books by name with its two numbers, reckoned from what is posted."""


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


def check_books(database: Database, parts: Parts, check: Check) -> Job:
    """Return the job that reckons every invariant of the books, part by part, and counts those that do not hold.

    Each part is of one moment: what is posted meanwhile breaks nothing.
    """

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await parts(view)

    async def work(_tx: Tx, _business_date: date, chunk: str) -> dict[str, int]:
        async with database.committed(snapshot=True) as view:
            found = await check(view, chunk)
        broken = [name for name, (left, right) in found.items() if left != right]
        for name in broken:
            log.error("books.broken", extra={"invariant": name, "part": chunk.replace("\t", " ")})
        return {"checked": len(found), BROKEN: len(broken)}

    return Job(name=CHECK, chunks=chunks, work=work)


async def gauges(view: View) -> Mapping[str, float]:
    """Return how many invariants did not hold when they were checked last."""
    return {"books_invariants_broken": float(await jobs.newest_count(view, CHECK, BROKEN))}
