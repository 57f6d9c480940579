"""The timed work of replays."""

from collections.abc import Sequence
from datetime import date

from services.billing.context import Context
from services.billing.replays import store
from services.billing.replays.use_cases import sampling
from services.billing.runs import store as runs_store
from shared.db.engine import Tx, View
from shared.db.jobs import Job

LATER = "later"
"""The chunk of the corrections, adjustments, charges and final bills of the date."""
AGAIN = "again"
"""The chunk of what came out otherwise before, or could not be calculated."""


def replay_sample(context: Context) -> Job:
    """Return the job that draws bills that went out on a business date, and what came of others, and calculates them again."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        runs = await runs_store.gone_out(view, business_date)
        return [AGAIN, LATER, *(f"{cycle}:{route_no}" for route_no, cycle in runs)]

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        if chunk == AGAIN:
            drawn = await store.failing(tx)
        elif chunk == LATER:
            drawn = await sampling.of_day(tx, business_date, context=context)
        else:
            cycle, _, route_no = chunk.partition(":")
            drawn = await sampling.of_run(tx, route_no, cycle, business_date, context=context)
        return await sampling.replay(tx, drawn, business_date=business_date, context=context)

    return Job(name="replay-sample", chunks=chunks, work=work)
