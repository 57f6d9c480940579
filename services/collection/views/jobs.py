"""The timed work over all capabilities."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from services.collection.ledger.domain.policy import Policy
from services.collection.views.store import invariants
from shared.db import jobs
from shared.db.engine import Tx, View
from shared.db.jobs import Job

CHECK: Final = "check-books"
BROKEN: Final = "broken"


def check_books(policy: Policy) -> Job:
    """Return the job that reckons every invariant of the books from what is posted, and counts those that do not hold."""

    async def chunks(_view: View, _business_date: date) -> Sequence[str]:
        return ["books"]

    async def work(tx: Tx, _business_date: date, _chunk: str) -> dict[str, int]:
        found = await invariants.invariants(tx, policy)
        return {"checked": len(found), BROKEN: sum(left != right for left, right in found.values())}

    return Job(name=CHECK, chunks=chunks, work=work)


async def gauges(view: View) -> Mapping[str, float]:
    """Return how many invariants did not hold when they were checked last."""
    return {"books_invariants_broken": float(await jobs.newest_count(view, CHECK, BROKEN))}
