"""Teams and targets, in and out: every function is one statement."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, exists, func, select

from services.collection.targets import tables
from services.collection.targets.domain import ORG_UNIT, ROUTE, Assignment, Target
from shared.db import bulk, locks
from shared.db.columns import Condition
from shared.db.engine import Tx, View

TEAM, TARGET = tables.TEAM, tables.TARGET
SETTING: Final = 7_401_000
"""An advisory lock, after that of closing and before any row lock: what two persons set for one unit is no row to lock yet."""
NOBODY: Final = ""
"""What `team_of` gives where nobody is assigned."""
_FIELDS: Final = ("unit_kind", "unit", "valid_from", "org_unit", "team")
_TARGET: Final = ("month", "unit_kind", "unit", "org_unit", "rate_bp")


async def alone(tx: Tx) -> None:
    """Keep others from assigning teams or setting targets to the end of the unit of work."""
    await locks.advisory(tx, SETTING)


async def assignments(view: View, units: Iterable[tuple[str, str]]) -> dict[str, tuple[Assignment, int]]:
    """Return all assignments of units (kind, unit), with their versions, by number."""
    wanted = list(dict.fromkeys(units))
    keys = {"unit_kind": [kind for kind, _ in wanted], "unit": [unit for _, unit in wanted]}
    rows = await bulk.select_in(view, TEAM, keys)
    found = [(Assignment(**{name: getattr(row, name) for name in _FIELDS}), int(row.version)) for row in rows]
    return {each.number: (each, version) for each, version in found}


async def put_assignments(tx: Tx, given: Sequence[tuple[Assignment, int]], *, actor: str, today: date) -> set[str]:
    """Insert or replace assignments, each with its new version, and return the numbers of those that were applied."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each, _ in given] for name in _FIELDS}
    columns |= {
        "version": [version for _, version in given],
        "set_by": [actor] * len(given),
        "set_on": [today] * len(given),
    }
    key = ("unit_kind", "unit", "valid_from")
    applied = {tuple(row) for row in await bulk.upsert_newer(tx, TEAM, columns, key=key)}
    return {each.number for each, _ in given if (each.unit_kind, each.unit, each.valid_from) in applied}


async def teams(
    view: View, *, visible: Condition, after: Condition, limit: int, team: str | None, on: date | None
) -> Sequence[Row[Any]]:
    """List who collects what, by unit and day; of a team, or as it holds on a day."""
    t = TEAM.c
    where = [visible(t.org_unit), after(t.unit_kind, t.unit, t.valid_from)]
    where += [t.team == team] if team is not None else []
    if on is not None:
        later = TEAM.alias("later")
        same = (later.c.unit_kind == t.unit_kind) & (later.c.unit == t.unit)
        where += [t.valid_from <= on]
        where += [~exists().where(same, later.c.valid_from > t.valid_from, later.c.valid_from <= on).correlate(TEAM)]
    return await view.all(select(TEAM).where(*where).order_by(t.unit_kind, t.unit, t.valid_from).limit(limit))


def team_of(org_unit: ColumnElement[str], route_no: ColumnElement[str], on: date) -> ColumnElement[str]:
    """Return, for a statement over other rows, the team that collects on a day; `NOBODY` where none is assigned.

    That of the route comes first, then that of the org unit or of the nearest one above it.
    """
    t = TEAM.alias()
    of_route = (
        select(func.coalesce(t.c.team, NOBODY))
        .where(t.c.unit_kind == ROUTE, t.c.unit == route_no, t.c.valid_from <= on)
        .order_by(t.c.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    u = TEAM.alias()
    path = u.c.unit + "/"
    of_unit = (
        select(func.coalesce(u.c.team, NOBODY))
        .where(
            u.c.unit_kind == ORG_UNIT,
            (u.c.unit == org_unit) | (func.substr(org_unit, 1, func.length(path)) == path),
            u.c.valid_from <= on,
        )
        .order_by(func.length(u.c.unit).desc(), u.c.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(of_route, of_unit, NOBODY)


async def targets_of(view: View, units: Iterable[tuple[str, str, str]]) -> dict[str, tuple[Target, int]]:
    """Return the targets of units (month, kind, unit) as they were set last, with their versions, by number."""
    wanted = list(dict.fromkeys(units))
    keys = {name: [each[place] for each in wanted] for place, name in enumerate(("month", "unit_kind", "unit"))}
    rows = await bulk.select_in(view, TARGET, keys, order_by=(TARGET.c.version,))
    found = [(Target(**{name: getattr(row, name) for name in _TARGET}), int(row.version)) for row in rows]
    return {each.number: (each, version) for each, version in found}


async def add_targets(tx: Tx, given: Sequence[tuple[Target, int]], *, actor: str, today: date) -> set[str]:
    """Insert targets, each with its new version, and return their numbers; nobody else sets any meanwhile."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each, _ in given] for name in _TARGET}
    columns |= {
        "version": [version for _, version in given],
        "set_by": [actor] * len(given),
        "set_on": [today] * len(given),
    }
    await bulk.insert_rows(tx, TARGET, columns)
    return {each.number for each, _ in given}


def is_last_target() -> ColumnElement[bool]:
    """Return the condition that a target was not set anew since."""
    t, later = TARGET.c, TARGET.alias("later_target")
    same = (later.c.month == t.month) & (later.c.unit_kind == t.unit_kind) & (later.c.unit == t.unit)
    return ~exists().where(same, later.c.version > t.version).correlate(TARGET)


async def targets(
    view: View, *, visible: Condition, after: Condition, limit: int, month: str | None, last: bool
) -> Sequence[Row[Any]]:
    """List targets by month, unit and version; `last`: as they were set last."""
    t = TARGET.c
    key = (t.month, t.unit_kind, t.unit, t.version)
    where = [visible(t.org_unit), after(*key)]
    where += [t.month == month] if month is not None else []
    where += [is_last_target()] if last else []
    return await view.all(select(TARGET).where(*where).order_by(*key).limit(limit))
