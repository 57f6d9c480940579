"""The timed work of conduct."""

from collections.abc import Sequence
from datetime import date

from services.reading.conduct.use_cases import finding
from services.reading.context import Context
from services.reading.reads.domain.days import ReadDays
from shared.db.engine import Tx, View
from shared.db.jobs import Job

SEPARATOR = " "  # neither numbers nor dates hold one


def jobs(own: Context) -> list[Job]:
    """Return the job by business date: `find-conduct`, a route on a read date a chunk."""
    days = ReadDays(own.policies, own.zone)
    first_day = next(iter(own.policies)).period.from_

    async def due(view: View, business_date: date) -> Sequence[str]:
        if business_date <= first_day:
            return []
        return [f"{route_no}{SEPARATOR}{day}" for route_no, day in await finding.due(view, business_date, own.policies)]

    async def find(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        route_no, _, day = chunk.rpartition(SEPARATOR)
        return await finding.find(
            tx, route_no=route_no, read_date=date.fromisoformat(day), business_date=business_date, days=days
        )

    async def why(_view: View, business_date: date) -> str:
        return f"no read date is out of reach since a few days on {business_date}"

    return [Job(name="find-conduct", chunks=due, work=find, why=why)]
