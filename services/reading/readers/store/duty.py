"""Who is to read a route on a day: a function of what is assigned by now, so that no order of arrival decides it.

A deputy of the route comes first, then a deputy of the person whose route it is, then that person. Deputies have no deputies.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, Row, String, and_, func, or_, select

from services.reading.network.store import routes
from services.reading.readers import tables
from services.reading.readers.domain.assignments import ASSIGNED, PERSON_DEPUTY, READER, ROLES, ROUTE_DEPUTY
from shared.db import travel
from shared.db.columns import Condition
from shared.db.engine import View

ASSIGNMENT = tables.ASSIGNMENT
Key = tuple[str, str, date]
"""Route, role and day."""


def covers(assignment: FromClause, day: Any) -> ColumnElement[bool]:
    """Return the condition that an assignment holds on a day."""
    row = assignment.c
    return and_(row.from_day <= day, or_(row.to_day.is_(None), row.to_day > day))


def planned(route_no: ColumnElement[str], role: Any, day: Any) -> ColumnElement[str]:
    """Return who has a role on a route on a day, as a part of a statement; null where it is nobody."""
    return func.coalesce(
        _of_route(ROUTE_DEPUTY, route_no, role, day), _deputy(route_no, role, day), regular(route_no, role, day)
    )


def planned_reader(route_no: ColumnElement[str], day: ColumnElement[date]) -> ColumnElement[str]:
    """Return who was to read a route on a day, as a part of a statement; null where it was nobody."""
    return planned(route_no, READER, day)


def regular(route_no: ColumnElement[str], role: Any, day: Any) -> ColumnElement[str]:
    """Return whose a route is on a day, whoever does it instead, as a part of a statement."""
    return _of_route(ASSIGNED, route_no, role, day)


def _of_route(kind: str, route_no: ColumnElement[str], role: Any, day: Any) -> ColumnElement[Any]:
    own = ASSIGNMENT.alias()
    mine = and_(own.c.kind == kind, own.c.of_no == route_no, own.c.role == role, covers(own, day))
    return _one(own, mine)


def _deputy(route_no: ColumnElement[str], role: Any, day: Any) -> ColumnElement[Any]:
    own, deputy = ASSIGNMENT.alias(), ASSIGNMENT.alias()
    mine = and_(own.c.kind == ASSIGNED, own.c.of_no == route_no, own.c.role == role, covers(own, day))
    instead = and_(
        deputy.c.kind == PERSON_DEPUTY,
        deputy.c.of_no == own.c.subject,
        deputy.c.role == own.c.role,
        covers(deputy, day),
    )
    return select(func.max(deputy.c.subject)).select_from(own.join(deputy, instead)).where(mine).scalar_subquery()


def _one(own: Any, mine: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.max(own.c.subject)).where(mine).scalar_subquery()


async def of(view: View, keys: Sequence[Key]) -> dict[Key, str]:
    """Return who has the roles on routes on days, where it is somebody."""
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return {}
    given = _given(view, wanted)
    rows = await view.all(select(*given.c, planned(given.c.route_no, given.c.role, given.c.day).label("subject")))
    return {(row.route_no, row.role, row.day): row.subject for row in rows if row.subject}


async def regular_readers(view: View, keys: Sequence[tuple[str, date]]) -> dict[tuple[str, date], str | None]:
    """Return whose routes are on days."""
    if not keys:
        return {}
    given = _given(view, [(route_no, READER, day) for route_no, day in keys])
    rows = await view.all(select(*given.c, regular(given.c.route_no, given.c.role, given.c.day).label("subject")))
    return {(row.route_no, row.day): row.subject for row in rows}


def _given(view: View, keys: Sequence[Key]) -> FromClause:
    return travel.relation(
        view,
        "given",
        {
            "route_no": (String(), [key[0] for key in keys]),
            "role": (String(), [key[1] for key in keys]),
            "day": (Date(), [key[2] for key in keys]),
        },
    )


async def routes_of_day(
    view: View, day: date, *, visible: Condition, after: Condition, limit: int, subject: str | None
) -> Sequence[Row[Any]]:
    """Return a page of routes, each with who has its roles on a day; of one person those alone that are that person's."""

    def roles(route_no: ColumnElement[str]) -> list[ColumnElement[Any]]:
        return [planned(route_no, role, day).label(role) for role in ROLES]

    def mine(route_no: ColumnElement[str]) -> list[ColumnElement[bool]]:
        return [] if subject is None else [or_(*(planned(route_no, role, day) == subject for role in ROLES))]

    return await routes.listed(view, visible=visible, after=after, limit=limit, also=roles, only=mine)
