"""Points that come after their route was planned."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.reading.network.domain.installations import PointDay, RouteDay
from services.reading.network.domain.read_days import Plan, Plans
from services.reading.network.store import installations, points, read_days, routes
from services.reading.tasks.domain.route_cycles import is_planned, months_closed, planned_before
from services.reading.tasks.domain.tasks import TaskKey
from services.reading.tasks.store import route_cycles, tasks
from shared.db.engine import Tx


async def hold_routes(tx: Tx, service_point_nos: Sequence[str], *, also: Sequence[str] = ()) -> None:
    """Keep the routes of points, and `also` those that points are put on, from being planned or closed meanwhile.

    To be called before a point is locked, as planning and closing do: a point that they do not see yet sees what they planned.
    """
    known = await points.by_no(tx, service_point_nos)
    await routes.hold(tx, sorted({*also, *(point.route_no for point in known.values())}))


async def plan_points(tx: Tx, service_point_nos: Sequence[str], *, also_closed: bool = False) -> list[TaskKey]:
    """Make the tasks of points for the read dates of their routes whose windows are open, and return those that are new.

    `also_closed`: a meter that is told late has the months that it would have had in time. A point that has been on another
    route was read on the dates of that one.
    """
    if not service_point_nos:
        return []
    known = await points.by_no(tx, service_point_nos)
    plans = await read_days.of_routes(tx, sorted({point.route_no for point in known.values()}))
    cycles = await route_cycles.days(tx, list(plans))
    members: dict[Plan | None, dict[str, Plan]] = {}
    for number, point in known.items():
        own = plans[point.route_no].exceptions.get(number)
        members.setdefault(own, {})[point.route_no] = own or plans[point.route_no].route
    wanted: dict[PointDay, int] = {}
    for own, route_plans in members.items():
        days = [
            day
            for route_no, plan in route_plans.items()
            for day in _days(route_no, plan, plans[route_no], cycles.get(route_no, {}))
            if also_closed or cycles[route_no][day.day]
        ]
        among = [no for no, point in known.items() if plans[point.route_no].exceptions.get(no) == own]
        for each in await installations.points_to_read(tx, days, among=among):
            wanted[each] = months_closed(route_plans[each.route_no], each.day)
    if also_closed:
        elsewhere = await tasks.of_other_routes(tx, {no: point.route_no for no, point in known.items()})
        wanted = {
            each: months
            for each, months in wanted.items()
            if cycles[each.route_no][each.day] or each.service_point_no not in elsewhere
        }
    new, taken = await tasks.plan(tx, wanted)
    return [*new, *taken]


def _days(route_no: str, plan: Plan, plans: Plans, planned: Mapping[date, bool]) -> list[RouteDay]:
    """Return the planned dates of a route that are those of a plan, each with the one before: all but those of other plans."""
    mine = [
        day for day in planned if is_planned(plan, day) or not any(is_planned(other, day) for other, _ in plans.all())
    ]
    before = [planned_before(plan, mine[0]), *mine] if mine else []
    return [RouteDay(route_no=route_no, since=since, day=day) for since, day in zip(before, mine, strict=False)]
