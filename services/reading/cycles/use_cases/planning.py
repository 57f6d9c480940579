"""Reading tasks of a cycle (抄表计划): made by business date, for each route whose read day has come in that month."""

from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.reading.intake.use_cases import stored
from services.reading.network.domain.installations import RouteDay
from services.reading.network.store import installations, points, routes
from services.reading.policies.domain import Policies
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.store import route_cycles as route_cycle_store
from services.reading.tasks.store import tasks
from services.reading.usage.store import usages
from services.reading.usage.use_cases import arriving, deriving
from services.reading.usage.use_cases.knowing import Loader
from shared.db.engine import Tx


async def plan(tx: Tx, *, route_no: str, business_date: date, policies: Policies, zone: ZoneInfo) -> Mapping[str, int]:
    """Make the tasks of a route for its read date in the month of `business_date`; reads that are there already close them.

    A month that is planned keeps its read date, whatever the route's read day is since. A point gets a task if a meter stood
    there on any day since the read date before. Done again, it adds the points that are new; a closed cycle gets no more.
    """
    locked = await routes.lock(tx, route_no)
    assert locked is not None, "a route is never deleted"
    month = business_date.replace(day=1)
    next_month = (month + timedelta(days=31)).replace(day=1)
    planned = await route_cycle_store.latest(tx, route_no, before=next_month, limit=2)
    there = next((each for each in planned if each.read_date >= month), None)
    read_date = there.read_date if there else route_cycles.read_date(locked, business_date)
    if read_date is None or read_date > business_date or (there and there.status == route_cycles.CLOSED):
        return {}
    before = [each.read_date for each in planned if each.read_date < read_date]
    since = before[0] if before else route_cycles.planned_before(locked, read_date)
    await route_cycle_store.open_cycle(tx, route_no, locked.org_unit, read_date)
    wanted = await installations.points_to_read(tx, [RouteDay(route_no=route_no, since=since, day=read_date)])
    new, taken = await tasks.plan(tx, wanted, months={route_no: locked.months})
    loader = Loader(days=ReadDays(policies, zone))
    reads = await stored.of_day(tx, [point for point, _ in new], read_date, loader)
    await arriving.take(tx, reads, loader=loader)
    touched = {point for point, _ in taken}
    touched |= {point for point, _ in new}.intersection(await points.paced(tx, route_no))
    touched |= set(await usages.told_for_other_dates(tx, route_no, read_date, since if before else date.min))
    first = since + timedelta(days=1) if before else None  # what was told since then may belong to this date now
    await deriving.derive_again(tx, dict.fromkeys(touched, first), loader=loader)
    return {"tasks": len(new) + len(taken), "read_before": len({each.service_point_no for each in reads})}
