"""Meters on service points, and what other stores join on to them: every function is one statement, or a part of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, Row, Select, String, and_, func, or_, select

from services.reading.base import by_name, equals
from services.reading.network import tables
from services.reading.network.domain.installations import Installation, Placement, PointDay, RouteDay
from services.reading.network.domain.registers import UNIT, Counts, Registers
from services.reading.network.store import codec
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

POINT, METER, INSTALLATION = tables.POINT, tables.METER, tables.INSTALLATION
VERSION = tables.INSTALLATION_VERSION
VERSIONS_MAX = 100
FACES = (INSTALLATION.c.registers, INSTALLATION.c.numerator, INSTALLATION.c.denominator)
"""The columns of which `faces` makes the registers of an installation."""
_HOLDS = (
    INSTALLATION.c.annulled != 1
)  # nearly all: a table that was never analysed is planned as if = 0 held for one in 200


def faces(row: Row[Any]) -> Registers:
    """Return the registers of a row that has an installation's three columns."""
    return codec.registers(row.registers, row.numerator, row.denominator)


def _still_there(day: Any) -> ColumnElement[bool]:
    return and_(_HOLDS, or_(INSTALLATION.c.removed_on.is_(None), INSTALLATION.c.removed_on >= day))


@dataclass(frozen=True, slots=True)
class MeterDays:
    """A statement for meters on local days; `point` and `day` are what another store joins its own rows by."""

    statement: Select[Any]
    point: ColumnElement[str]
    day: ColumnElement[date]


def meter_days(view: View, keys: Sequence[tuple[str, date]]) -> MeterDays:
    """Return the statement for the meter, its registers and its point, for pairs of meter and local day.

    The point is that where the meter is on that day; on the day of its removal still the old one. Of a meter that is moved on
    the day the last row has the point that it leaves. The registers are those of its installation there; where it stands nowhere,
    those that the meter was last put with.
    """
    given = travel.relation(
        view, "given", {"meter_no": (String(), [k[0] for k in keys]), "day": (Date(), [k[1] for k in keys])}
    )
    there = and_(
        INSTALLATION.c.meter_no == given.c.meter_no,
        INSTALLATION.c.installed_on <= given.c.day,
        _still_there(given.c.day),
    )
    statement = (
        select(
            given.c.meter_no,
            given.c.day,
            *(func.coalesce(own, METER.c[own.name]).label(own.name) for own in FACES),
            func.coalesce(INSTALLATION.c.service_point_no, "").label("service_point_no"),
            func.coalesce(POINT.c.org_unit, METER.c.org_unit).label("org_unit"),
            func.coalesce(POINT.c.route_no, "").label("route_no"),
            POINT.c.connection_kw,
            POINT.c.watched_from,
            POINT.c.curved,
            POINT.c.daily,
        )
        .select_from(given)
        .join(METER, METER.c.meter_no == given.c.meter_no)
        .outerjoin(INSTALLATION, there)
        .outerjoin(POINT, POINT.c.service_point_no == INSTALLATION.c.service_point_no)
        .order_by(INSTALLATION.c.installed_on.desc())
    )
    return MeterDays(statement, INSTALLATION.c.service_point_no, given.c.day)


@dataclass(frozen=True, slots=True)
class MetersThere:
    """The meters that were on points on a day, as a source that another store joins its own rows to."""

    source: FromClause
    meter_no: ColumnElement[str]
    installed_on: ColumnElement[date]
    faces: tuple[ColumnElement[Any], ...]


def meters_there(given: FromClause, day: date | ColumnElement[date], *, also_none: bool = False) -> MetersThere:
    """Return the meters of a relation's `point` on a day: one that comes that day not, one that goes is there.

    `also_none`: points without one are there too.
    """
    there = and_(
        INSTALLATION.c.service_point_no == given.c.point,
        INSTALLATION.c.installed_on < day,
        _still_there(day),
    )
    source = given.join(INSTALLATION, there, isouter=also_none)
    return MetersThere(source, INSTALLATION.c.meter_no, INSTALLATION.c.installed_on, FACES)


def with_installations(source: FromClause, given: FromClause) -> FromClause:
    """Return a source joined with a relation's installations (`meter_no`, `installed_on`), of which `faces` makes registers."""
    same = and_(INSTALLATION.c.meter_no == given.c.meter_no, INSTALLATION.c.installed_on == given.c.installed_on)
    return source.join(INSTALLATION, same)


async def by_point(view: View, service_point_nos: Sequence[str]) -> dict[str, list[Installation]]:
    """Return the meters of points, past and present."""
    given = travel.relation_for(view, POINT, {"service_point_no": list(service_point_nos)})
    rows = await view.all(
        select(INSTALLATION).join(given, given.c.service_point_no == INSTALLATION.c.service_point_no).where(_HOLDS)
    )
    found: dict[str, list[Installation]] = {}
    for row in by_name(rows):
        closing = row["closing"]
        found.setdefault(row["service_point_no"], []).append(
            Installation(
                meter_no=row["meter_no"],
                from_=row["installed_on"],
                to=row["removed_on"],
                registers=codec.registers(row["registers"], row["numerator"], row["denominator"]),
                opening=codec.counts(row["opening"]),
                closing=None if closing is None else codec.counts(closing),
            )
        )
    return found


async def meters_of_routes(view: View, route_nos: Sequence[str]) -> list[str]:
    """Return the meters of the points that are on routes, past and present."""
    mine = POINT.c.service_point_no == INSTALLATION.c.service_point_no
    rows = await view.all(
        select(INSTALLATION.c.meter_no)
        .distinct()
        .select_from(INSTALLATION.join(POINT, mine))
        .where(POINT.c.route_no.in_(route_nos), _HOLDS)
    )
    return [row.meter_no for row in rows]


async def points_to_read(view: View, days: Sequence[RouteDay], *, among: Sequence[str] | None = None) -> list[PointDay]:
    """Return the points of routes where a meter stood on any day since the read date before; `among`: of these points alone."""
    given = travel.relation(
        view,
        "given",
        {
            "route_no": (String(), [each.route_no for each in days]),
            "since": (Date(), [each.since for each in days]),
            "day": (Date(), [each.day for each in days]),
        },
    )
    found = (
        select(POINT.c.service_point_no, POINT.c.route_no, POINT.c.org_unit, given.c.day)
        .distinct()
        .select_from(given)
        .join(POINT, POINT.c.route_no == given.c.route_no)
        .join(INSTALLATION, INSTALLATION.c.service_point_no == POINT.c.service_point_no)
        .where(
            _HOLDS,
            INSTALLATION.c.installed_on < given.c.day,
            or_(INSTALLATION.c.removed_on.is_(None), INSTALLATION.c.removed_on > given.c.since),
        )
        .order_by(POINT.c.service_point_no, given.c.day)
    )
    if among is not None:
        wanted = travel.relation(view, "wanted", {"service_point_no": (String(), sorted(set(among)))})
        found = found.join(wanted, wanted.c.service_point_no == POINT.c.service_point_no)
    return [
        PointDay(service_point_no=row.service_point_no, route_no=row.route_no, org_unit=row.org_unit, day=row.day)
        for row in await view.all(found)
    ]


@dataclass(frozen=True, slots=True)
class Stored:
    """An installation as it stands, or stood before it was annulled, and its version."""

    placement: Placement
    version: int
    annulled: bool


async def of_points_and_meters(
    view: View, service_point_nos: Sequence[str], meter_nos: Sequence[str]
) -> dict[tuple[str, date], Stored]:
    """Return the installations on points and those of meters by their keys, annulled ones too. Two statements."""
    rows = [
        *await bulk.select_in(view, INSTALLATION, {"service_point_no": service_point_nos}),
        *await bulk.select_in(view, INSTALLATION, {"meter_no": meter_nos}),
    ]
    return {(row.meter_no, row.installed_on): Stored(placement(row), row.version, bool(row.annulled)) for row in rows}


def placement(row: Row[Any]) -> Placement:
    """Return the installation that a row of it, or of one of its versions, says."""
    return Placement(
        service_point_no=row.service_point_no,
        meter_no=row.meter_no,
        installed_on=row.installed_on,
        removed_on=row.removed_on,
        registers=faces(row),
        opening=codec.counts(row.opening),
        closing=None if row.closing is None else codec.counts(row.closing),
    )


async def org_unit(view: View, service_point_no: str) -> str | None:
    """Return where a service point belongs."""
    found: str | None = await view.scalar(select(POINT.c.org_unit).where(POINT.c.service_point_no == service_point_no))
    return found


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    service_point_no: str | None,
    meter_no: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of installations, by meter and first day; those that never were are among them."""
    order = INSTALLATION.c.meter_no, INSTALLATION.c.installed_on
    return await view.all(
        select(INSTALLATION)
        .join(POINT, POINT.c.service_point_no == INSTALLATION.c.service_point_no)
        .where(visible(POINT.c.org_unit), after(*order))
        .where(equals(INSTALLATION.c.service_point_no, service_point_no), equals(INSTALLATION.c.meter_no, meter_no))
        .order_by(*order)
        .limit(limit)
    )


async def versions(view: View, meter_no: str, installed_on: date) -> Sequence[Row[Any]]:
    """Return what an installation was from each change on, the last one first; no more than `VERSIONS_MAX`."""
    return await view.all(
        select(VERSION)
        .where(VERSION.c.meter_no == meter_no, VERSION.c.installed_on == installed_on)
        .order_by(VERSION.c.version.desc())
        .limit(VERSIONS_MAX)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an installation is from a change on. `kind`: installed, removed, corrected, moved (to another first day), annulled."""

    placement: Placement
    version: int
    kind: str
    reason: str = ""

    @property
    def annulled(self) -> bool:
        """Whether the installation never was."""
        return is_annulled(self.kind)


INSTALLED, REMOVED, CORRECTED, MOVED, ANNULLED = "installed", "removed", "corrected", "moved", "annulled"


async def write(tx: Tx, versions: Sequence[Version], *, actor: str) -> None:
    """Write the next versions of installations, the first ones and others. At most three statements."""
    new = [each for each in versions if each.version == 1]
    old = [each for each in versions if each.version > 1]
    await bulk.insert_rows(tx, INSTALLATION, _columns(new) | _state(new))
    await bulk.update_from(tx, INSTALLATION, _columns(old) | _state(old), key=("meter_no", "installed_on"))
    await bulk.insert_rows(
        tx,
        VERSION,
        _columns(versions)
        | {
            "version": [each.version for each in versions],
            "kind": [each.kind for each in versions],
            "reason": [each.reason for each in versions],
            "actor": [actor] * len(versions),
            "created_at": [tx.now] * len(versions),
        },
    )


def _state(versions: Sequence[Version]) -> dict[str, list[Any]]:
    return {
        "version": [each.version for each in versions],
        "annulled": [int(each.annulled) for each in versions],
    }


def _columns(versions: Sequence[Version]) -> dict[str, list[Any]]:
    placements = [each.placement for each in versions]
    return {
        "service_point_no": [each.service_point_no for each in placements],
        "meter_no": [each.meter_no for each in placements],
        "installed_on": [each.installed_on for each in placements],
        "removed_on": [each.removed_on for each in placements],
        "opening": [codec.counts_text(each.opening) for each in placements],
        "closing": [None if each.closing is None else codec.counts_text(each.closing) for each in placements],
        "registers": [codec.faces_text(each.registers) for each in placements],
        "numerator": [each.registers[0].numerator for each in placements],
        "denominator": [each.registers[0].denominator for each in placements],
    }


def document(row: Row[Any]) -> dict[str, Any]:
    """Return an installation, or one of its versions, as people and programs read it."""
    there = placement(row)
    first = there.registers[0]
    return {
        "meter_no": there.meter_no,
        "installed_on": there.installed_on,
        "version": row.version,
        "service_point_no": there.service_point_no,
        "removed_on": there.removed_on,
        "unit": UNIT,
        "opening": _texts(there.registers, there.opening),
        "closing": None if there.closing is None else _texts(there.registers, there.closing),
        "registers": [
            {
                "quantity": each.quantity,
                "digits": each.digits,
                "scale": each.scale,
                "kind": each.kind,
                "direction": "down" if each.down else "up",
            }
            for each in there.registers
        ],
        "multiplier": first.numerator,
        "multiplier_denominator": first.denominator,
    }


def change(row: Row[Any]) -> dict[str, Any]:
    """Return what made a version of an installation."""
    return {"kind": row.kind, "reason": row.reason, "actor": row.actor, "created_at": row.created_at}


def is_annulled(kind: str) -> bool:
    """Return whether an installation of which this kind of version is the last counts nowhere."""
    return kind in (ANNULLED, MOVED)


def _texts(registers: Registers, counts: Counts) -> dict[str, str]:
    return {register.quantity: register.text(count) for register, count in zip(registers, counts, strict=True)}
