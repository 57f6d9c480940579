"""Routes (抄表段) are put: their read day as long as nothing is planned by it."""

from collections.abc import Sequence

from services.reading.network.domain.reference import Route
from services.reading.network.store import points, read_days, routes
from services.reading.network.use_cases.reference import MaySee, outside
from services.reading.tasks.store import route_cycles
from shared import batch_put
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import Outcome, refused


class NeedsRequest(BusinessError):
    status = 409
    code = "read_day.needs_request"
    title = "The route is planned by its read day: another one is asked for, told to its customers and confirmed"


async def put(tx: Tx, wanted: Sequence[Route], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """Put routes. A route that has a cycle keeps its read day (抄表例日): another one, other months are refused."""
    numbers = [route.route_no for route in wanted]
    there = await routes.stored(tx, numbers)
    planned = await route_cycles.planned(tx, sorted(there))

    def refusal(route: Route, old: Route | None) -> Outcome | None:
        if route.first_month > route.months:
            return refused("reading.bad_first_month", "the first month is one of the route's months", id=route.route_no)
        if elsewhere := outside(route, old, number=route.route_no, may_see=may_see):
            return elsewhere
        if old and route.route_no in planned and not route.is_read_as(old):
            return refused(NeedsRequest.code, NeedsRequest.title, id=route.route_no)
        return None

    async def write(changed: Sequence[tuple[Route, int]]) -> set[str]:
        applied = await routes.put(tx, changed)
        moved = [route for route, _ in changed if route.route_no in applied - planned]
        await read_days.put(tx, moved)
        await points.retell_daily(tx, route_nos=[route.route_no for route in moved])
        return applied

    return await batch_put.put(
        tx,
        wanted,
        kind="route",
        number=lambda route: route.route_no,
        stored=there,
        refusal=refusal,
        write=write,
        actor=actor,
    )
