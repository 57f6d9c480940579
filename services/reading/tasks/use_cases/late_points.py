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


async def plan_points(tx: Tx, service_point_nos: Sequence[str]) -> list[TaskKey]:
    """Make the tasks of points for the read dates of their routes whose windows are open, and return those that are new."""
    if not service_point_nos:
        return []
    known = await points.by_no(tx, service_point_nos)
    plans = await routes.by_no(tx, sorted({point.route_no for point in known.values()}))
    days = [
        RouteDay(route_no=route_no, since=before or planned_before(plans[route_no], read_date), day=read_date)
        for route_no, read_date, before in await route_cycles.open_days(tx, list(plans))
    ]
    wanted = await installations.points_to_read(tx, days, among=service_point_nos)
    new, taken = await tasks.plan(tx, wanted, months={route_no: plan.months for route_no, plan in plans.items()})
    return [*new, *taken]
