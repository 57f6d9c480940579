"""The timed work of scorecards."""

from collections.abc import Sequence
from datetime import date

from services.reading.context import Context
from services.reading.scorecards.use_cases import making
from shared.db.engine import Tx, View
from shared.db.jobs import Job

SEPARATOR = " "  # neither months nor numbers hold one


def jobs(own: Context) -> list[Job]:
    """Return the job by business date: `make-scorecards`, a route in a month a chunk."""

    async def due(view: View, business_date: date) -> Sequence[str]:
        return [SEPARATOR.join(each) for each in await making.due(view, business_date, own)]

    async def make(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        month, _, route_no = chunk.partition(SEPARATOR)
        return await making.make(tx, month=month, route_no=route_no, business_date=business_date, own=own)

    async def why(_view: View, business_date: date) -> str:
        return f"every route has its scorecards of the months that are over for long enough on {business_date}"

    return [Job(name="make-scorecards", chunks=due, work=make, why=why)]
