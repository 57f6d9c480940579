"""Reading tasks of a cycle (抄表计划): made by business date, for each route whose read day has come in that month."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.intake.use_cases import stored
from services.reading.network.domain.installations import PointDay, RouteDay
from services.reading.network.domain.read_days import Plans
from services.reading.network.store import installations, points, read_days, routes
from services.reading.policies.domain import Policies
from services.reading.read_day_changes.use_cases import withdrawing
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.domain.route_cycles import A_DAY
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.tasks.store import route_cycles as route_cycle_store
from services.reading.tasks.store import tasks
from services.reading.usage.store import usages
from services.reading.usage.use_cases import arriving, deriving
from services.reading.usage.use_cases.knowing import Loader
from shared.db.engine import Tx, View


async def routes_due(view: View, business_date: date) -> list[str]:
    """Return the routes that have a read date in the month of a business date, for some of their points at least, by then."""
    plans = await read_days.of_all(view)
    return [route_no for route_no, each in plans.items() if _read_dates(each, business_date)]


async def plan(tx: Tx, *, route_no: str, business_date: date, policies: Policies, zone: ZoneInfo) -> Mapping[str, int]:
    """Make the tasks of a route for its read dates in the month of `business_date`; reads that are there already close them.

    Points that have a read day of their own make a cycle of that date, of the same name. A point gets a task if a meter stood
    there on any day since its read date before. Done again, it adds the points that are new; a closed cycle gets no more.
    """
    await withdrawing.before_planning(tx, route_no, cycle_of(business_date))
    locked = await routes.lock(tx, route_no)
    assert locked is not None, "a route is never deleted"
    plans = (await read_days.of_routes(tx, [route_no]))[route_no]
    loader = Loader(days=ReadDays(policies, zone))
    counts: Counter[str] = Counter()
    read_dates = _read_dates(plans, business_date)
    if read_dates:
        await withdrawing.cycle_is_planned(tx, route_no, cycle_of(read_dates[-1]), zone)
    for read_date in read_dates:
        there = await route_cycle_store.route_cycle(tx, route_no, read_date)
        if there is None or there.status != route_cycles.CLOSED:
            await route_cycle_store.open_cycle(tx, route_no, locked.org_unit, read_date)
            counts.update(await _plan_date(tx, route_no, read_date, plans, loader))
    return counts


def _read_dates(plans: Plans, business_date: date) -> list[date]:
    return sorted({day for each, _ in plans.all() for day in route_cycles.planned_in_month(each, business_date)})


async def _plan_date(tx: Tx, route_no: str, read_date: date, plans: Plans, loader: Loader) -> dict[str, int]:
    wanted: dict[PointDay, int] = {}
    told_since = []  # what was told since then may belong to this date now; of a first date all
    for each, members in plans.all():
        if not route_cycles.is_planned(each, read_date):
            continue
        since = route_cycles.planned_before(each, read_date)
        planned = await route_cycle_store.latest(tx, route_no, before=since + A_DAY)
        told_since.append(planned.read_date if planned else date.min)
        days = [RouteDay(route_no=route_no, since=planned.read_date if planned else since, day=read_date)]
        to_read = await installations.points_to_read(tx, days, among=members or None)
        months = route_cycles.months_closed(each, read_date)
        wanted |= {point: months for point in to_read if plans.of(point.service_point_no) == each}
    new, taken = await tasks.plan(tx, wanted)
    reads = await stored.of_day(tx, [point for point, _ in new], read_date, loader)
    await arriving.take(tx, reads, loader=loader)
    since = min(told_since)
    touched = {point for point, _ in taken}
    touched |= {point for point, _ in new}.intersection(await points.paced(tx, route_no))
    touched |= set(await usages.told_for_other_dates(tx, route_no, read_date, since))
    first = None if since == date.min else since + A_DAY
    await deriving.derive_again(tx, dict.fromkeys(touched, first), loader=loader)
    return {"tasks": len(new) + len(taken), "read_before": len({each.service_point_no for each in reads})}
