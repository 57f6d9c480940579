"""The timed work of cycles."""

from collections.abc import Sequence
from datetime import date

from services.reading.context import Context
from services.reading.cycles.use_cases import closing, nothing, planning
from shared.db.engine import Tx, View
from shared.db.jobs import Job

SEPARATOR = " "  # neither numbers nor dates hold one


def jobs(own: Context) -> list[Job]:
    """Return the jobs by business date: `plan-cycles`, a route a chunk; `close-routes`, a route's cycle a chunk."""

    first_day = next(iter(own.policies)).period.from_

    async def routes_due(view: View, business_date: date) -> Sequence[str]:
        return await planning.routes_due(view, business_date) if business_date > first_day else []

    async def plan(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        counts = await planning.plan(
            tx, route_no=chunk, business_date=business_date, policies=own.policies, zone=own.zone
        )
        return dict(counts)

    async def cycles_due(view: View, business_date: date) -> Sequence[str]:
        if business_date <= first_day:
            return []
        due = await closing.cycles_due(view, business_date, own.policies)
        return [f"{route_no}{SEPARATOR}{read_date}" for route_no, read_date in due]

    async def close(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        route_no, _, day = chunk.rpartition(SEPARATOR)
        counts = await closing.close(
            tx,
            route_no=route_no,
            read_date=date.fromisoformat(day),
            business_date=business_date,
            policies=own.policies,
            zone=own.zone,
        )
        return dict(counts)

    async def nothing_to_plan(_view: View, business_date: date) -> str:
        return nothing.to_plan(business_date, own.policies)

    async def nothing_to_close(view: View, business_date: date) -> str:
        return await nothing.to_close(view, business_date, own.policies)

    return [
        Job(name="plan-cycles", chunks=routes_due, work=plan, why=nothing_to_plan),
        Job(name="close-routes", chunks=cycles_due, work=close, why=nothing_to_close),
    ]
