"""Reading tasks of a cycle (抄表计划): made by business date, for each route whose read day has come in that month."""

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.intake.use_cases import stored
from services.reading.network.store import installations, routes
from services.reading.policies.domain import Policies
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.domain.tasks import CYCLE, cycle_of
from services.reading.tasks.store import route_cycles as route_cycle_store
from services.reading.tasks.store import tasks
from services.reading.usage.use_cases import measuring
from shared.db.engine import Tx


async def plan(tx: Tx, *, route_no: str, business_date: date, policies: Policies, zone: ZoneInfo) -> Mapping[str, int]:
    """Make the tasks of a route for its read date in the month of `business_date`; reads that are there already close them.

    A point gets a task if a meter was installed there before the read date and is there on it. Done again, it adds the
    points that are new; a closed cycle gets no more.
    """
    locked = await routes.lock(tx, route_no)
    if locked is None or (read_date := route_cycles.read_date(locked.read_day, business_date)) is None:
        return {}
    cycle = cycle_of(read_date)
    there = await route_cycle_store.route_cycle(tx, route_no, cycle)
    if there is not None and there.status == route_cycles.CLOSED:
        return {}
    await route_cycle_store.open_cycle(tx, route_no, cycle, locked.org_unit, read_date)
    points = await installations.points_to_read(tx, route_no, read_date)
    new = await tasks.insert(tx, points, kind=CYCLE)
    reads = await stored.closing(tx, new, ReadDays(policies, zone))
    await measuring.apply(tx, reads, policies=policies)
    return {"tasks": len(new), "read_before": len(reads)}
