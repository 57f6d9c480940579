"""Service points, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, literal_column, select, update

from services.reading.base import by_name, equals
from services.reading.network import tables
from services.reading.network.domain.read_days import Plan, ReadDay, of_point
from services.reading.network.domain.reference import ServicePoint
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

POINT, READ_DAY = tables.POINT, tables.READ_DAY
VERSIONS: Final = (POINT.c.version,)
"""What is raised in a database that was restored: `wattline restored reading`."""


class Notes(NamedTuple):
    """What is noted of a point: see `Locked`."""

    watched_from: date | None
    curved: bool
    paced: bool
    daily: int


NOT_DAILY, DAILY_TOLD, DAILY_DUE = 0, 1, 2
"""What ran since the last period is told of no point but those with a contract that is prepaid on some day; or it is to be told
(a literal in statements, so that the partial index serves them)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked(ServicePoint):
    """A service point that is locked, and when it is read.

    `watched_from`: reads of later days may change what was told, even where no period ends. `curved`: its bills need load curves.
    `paced`: a contract has cycles of several months. `daily`: whether what runs each day is told.
    """

    plan: Plan
    watched_from: date | None
    curved: bool
    paced: bool
    daily: int = NOT_DAILY


async def lock(tx: Tx, service_point_nos: Sequence[str]) -> dict[str, Locked]:
    """Lock the service points, in order of their numbers, and return them: who publishes under a key holds its row."""
    given = travel.relation_for(tx, POINT, {"service_point_no": sorted(set(service_point_nos))})
    day = READ_DAY.c
    mine = (day.route_no == POINT.c.route_no) & day.service_point_no.in_(["", POINT.c.service_point_no])
    rows = await tx.all(
        select(*POINT.c, day.service_point_no.label("own"), day.from_cycle, day.read_day, day.months, day.first_month)
        .join(given, given.c.service_point_no == POINT.c.service_point_no)
        .join(READ_DAY, mine)
        .order_by(POINT.c.service_point_no, day.service_point_no, day.from_cycle)
        .with_for_update(of=POINT)
    )
    plans: dict[str, tuple[Plan, Plan]] = {}
    last: dict[str, dict[str, Any]] = {}
    for row in by_name(rows):  # the read days of its route before those of its own
        number = row["service_point_no"]
        route, own = plans.get(number, ((), ()))
        on = (ReadDay(row["from_cycle"], row["read_day"], row["months"], row["first_month"]),)
        plans[number] = (route, own + on) if row["own"] else (route + on, own)
        last[number] = row
    return {
        number: Locked(
            service_point_no=number,
            route_no=row["route_no"],
            org_unit=row["org_unit"],
            connection_kw=row["connection_kw"],
            walk_order=row["walk_order"],
            access_notes=tuple(row["access_notes"].split()),
            plan=of_point(*plans[number]),
            watched_from=row["watched_from"],
            curved=bool(row["curved"]),
            paced=bool(row["paced"]),
            daily=row["daily"],
        )
        for number, row in last.items()
    }


async def hold(tx: Tx, service_point_nos: Sequence[str]) -> frozenset[str]:
    """Lock the service points as `lock` does, and return those that there are: for who publishes under them and reads none."""
    rows = await bulk.lock(tx, POINT, {"service_point_no": sorted(set(service_point_nos))})
    return frozenset(row.service_point_no for row in rows)


async def note(tx: Tx, notes: Mapping[str, Notes]) -> None:
    """Note what the plain step of points and planning have to know of them."""
    await bulk.update_from(
        tx,
        POINT,
        {
            "service_point_no": list(notes),
            "watched_from": [each.watched_from for each in notes.values()],
            "curved": [int(each.curved) for each in notes.values()],
            "paced": [int(each.paced) for each in notes.values()],
            "daily": [each.daily for each in notes.values()],
        },
        key=("service_point_no",),
    )


async def note_daily(tx: Tx, daily: Mapping[str, int]) -> None:
    """Note of points whether what runs each day is to be told; no statement without points."""
    if daily:
        columns: dict[str, Sequence[Any]] = {"service_point_no": list(daily), "daily": list(daily.values())}
        await bulk.update_from(tx, POINT, columns, key=("service_point_no",))


async def retell_daily(tx: Tx, *, service_point_nos: Sequence[str] = (), route_nos: Sequence[str] = ()) -> None:
    """Note of points, or of all points of routes, that the daily registers that are told of them may say something else now."""
    if service_point_nos or route_nos:
        mine = POINT.c.service_point_no.in_(service_point_nos) | POINT.c.route_no.in_(route_nos)
        number = POINT.c.service_point_no
        # in the order in which everybody locks points
        found = select(number).where(mine, POINT.c.daily == DAILY_TOLD).order_by(number).with_for_update()
        await tx.execute(update(POINT).where(number.in_(found)).values(daily=DAILY_DUE))


async def any_daily_due(view: View) -> bool:
    """Return whether the daily register of any point is to be told."""
    number = POINT.c.service_point_no
    return await view.first(select(number).where(POINT.c.daily == literal_column("2")).limit(1)) is not None


async def daily_due(view: View, limit: int) -> list[str]:
    """Return the points whose daily registers are to be told, in order; what another one tells at this moment is passed over."""
    number = POINT.c.service_point_no
    chosen = select(number).where(POINT.c.daily == literal_column("2")).order_by(number).limit(limit)
    return [row.service_point_no for row in await view.all(chosen.with_for_update(skip_locked=True))]


async def paced(view: View, route_no: str) -> list[str]:
    """Return the points of a route that have a contract with cycles of several months."""
    mine = (POINT.c.route_no == route_no) & (POINT.c.paced == 1)
    return [row.service_point_no for row in await view.all(select(POINT.c.service_point_no).where(mine))]


async def by_no(view: View, service_point_nos: Sequence[str]) -> dict[str, ServicePoint]:
    """Return service points by their numbers."""
    rows = await bulk.select_in(view, POINT, {"service_point_no": service_point_nos})
    return {row.service_point_no: _point(row) for row in rows}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, route_no: str | None
) -> Sequence[Row[Any]]:
    """Return a page of service points, in order."""
    point = POINT.c
    return await view.all(
        select(POINT)
        .where(visible(point.org_unit), equals(point.route_no, route_no), after(point.service_point_no))
        .order_by(point.service_point_no)
        .limit(limit)
    )


async def numbers_of(view: View, route_no: str) -> list[str]:
    """Return the points of a route by number."""
    mine = select(POINT.c.service_point_no).where(POINT.c.route_no == route_no).order_by(POINT.c.service_point_no)
    return [row.service_point_no for row in await view.all(mine)]


async def walked(view: View, route_no: str, limit: int) -> list[ServicePoint]:
    """Return the points of a route in walking order, those without a place last; of one place by their numbers."""
    point = POINT.c
    rows = await view.all(
        select(POINT)
        .where(point.route_no == route_no)
        .order_by(point.walk_order.is_(None), point.walk_order, point.service_point_no)
        .limit(limit)
    )
    return [_point(row) for row in rows]


async def stored(tx: Tx, point_nos: Sequence[str]) -> dict[str, tuple[ServicePoint, int]]:
    """Return service points and their versions by number, locked to the end of the unit of work."""
    rows = await bulk.select_in(
        tx, POINT, {"service_point_no": point_nos}, order_by=(POINT.c.service_point_no,), for_update=True
    )
    return {row.service_point_no: (_point(row), row.version) for row in rows}


async def after(view: View, service_point_no: str, limit: int) -> list[str]:
    """List the next service points behind a number."""
    number = POINT.c.service_point_no
    rows = await view.all(select(number).where(number > service_point_no).order_by(number).limit(limit))
    return [row.service_point_no for row in rows]


async def put(tx: Tx, given: Sequence[tuple[ServicePoint, int]]) -> set[str]:
    """Insert or replace service points, each with its new version, and return the numbers that were applied."""
    points = [point for point, _ in given]
    applied = await bulk.upsert_newer(
        tx,
        POINT,
        {
            "service_point_no": [each.service_point_no for each in points],
            "route_no": [each.route_no for each in points],
            "org_unit": [each.org_unit for each in points],
            "connection_kw": [each.connection_kw for each in points],
            "walk_order": [each.walk_order for each in points],
            "access_notes": [" ".join(each.access_notes) for each in points],
            "version": [version for _, version in given],
        },
        key=("service_point_no",),
    )
    return {row.service_point_no for row in applied}


def _point(row: Row[Any]) -> ServicePoint:
    return ServicePoint(
        service_point_no=row.service_point_no,
        route_no=row.route_no,
        org_unit=row.org_unit,
        connection_kw=row.connection_kw,
        walk_order=row.walk_order,
        access_notes=tuple(row.access_notes.split()),
    )
