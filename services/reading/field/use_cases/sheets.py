"""The sheet of a route (抄表册): what a reader takes along, in walking order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from services.reading.field.domain import expectation
from services.reading.field.domain.expectation import Basis
from services.reading.field.use_cases import expecting
from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import points, read_days, routes
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.tasks.store import route_cycles as cycle_store
from services.reading.usage.use_cases.knowing import Loader
from shared.db.engine import View
from shared.errors import BusinessError

POINTS_MAX = 5000  # nobody walks more; who reads them otherwise needs no sheet


class TooLong(BusinessError):
    status = 422
    code = "reading.route_too_long"
    title = f"A route of more than {POINTS_MAX} points has no sheet"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A meter on a point: what it last showed, and between which faces it is expected."""

    point: ServicePoint
    basis: Basis
    expected: dict[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The meters of a route on a read date."""

    route_no: str
    cycle: str
    read_date: date
    lines: list[Line]


async def sheet(
    view: View, route_no: str, cycle: str, *, may_see: Callable[[str], bool], days: ReadDays
) -> Sheet | None:
    """Return the sheet of a route for a cycle; None where there is no such route, or it is not read for that cycle.

    A constant number of statements. Raises `TooLong`.
    """
    org_unit = (await routes.org_units(view, [route_no])).get(route_no)
    if org_unit is None or not may_see(org_unit):
        return None
    read_date = await _read_date(view, route_no, cycle)
    if read_date is None:
        return None
    walked = await points.walked(view, route_no, POINTS_MAX + 1)
    if len(walked) > POINTS_MAX:
        raise TooLong
    mine = {point.service_point_no: point for point in walked if may_see(point.org_unit)}
    bases = await expecting.load(view, mine, [(number, read_date) for number in mine])
    policy = Loader(days=days).policy_on(read_date)
    lines = [
        Line(point=point, basis=basis, expected=dict(expectation.expected(basis, read_date, policy)))
        for number, point in mine.items()
        for basis in bases[number, read_date].values()
    ]
    return Sheet(route_no=route_no, cycle=cycle, read_date=read_date, lines=lines)


async def _read_date(view: View, route_no: str, cycle: str) -> date | None:
    planned = await cycle_store.named(view, route_no, cycle)
    if planned is not None:
        return planned.read_date
    plans = await read_days.of_routes(view, [route_no])
    found = route_cycles.next_planned(plans[route_no].route, date.fromisoformat(f"{cycle}-01") + timedelta(days=1))
    return found if cycle_of(found) == cycle else None
