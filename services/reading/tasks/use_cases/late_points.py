"""Points that come after their route was planned."""

from collections.abc import Sequence

from services.reading.network.domain.installations import RouteDay
from services.reading.network.store import installations, points, routes
from services.reading.tasks.domain.route_cycles import planned_before
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
    plans = await routes.by_no(tx, sorted({point.route_no for point in known.values()}))
    cycles = await route_cycles.days(tx, list(plans))
    days = [
        RouteDay(route_no=route_no, since=before or planned_before(plans[route_no], read_date), day=read_date)
        for route_no, read_date, before, is_open in cycles
        if is_open or also_closed
    ]
    wanted = await installations.points_to_read(tx, days, among=service_point_nos)
    if also_closed:
        open_ = {(route_no, read_date) for route_no, read_date, _, is_open in cycles if is_open}
        elsewhere = await tasks.of_other_routes(tx, {no: point.route_no for no, point in known.items()})
        wanted = [w for w in wanted if (w.route_no, w.day) in open_ or w.service_point_no not in elsewhere]
    new, taken = await tasks.plan(tx, wanted, months={route_no: plan.months for route_no, plan in plans.items()})
    return [*new, *taken]
