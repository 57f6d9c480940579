"""Closings, in and out: every function is one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from services.billing.closings.domain.closing import Closing
from services.billing.closings.domain.life import ANNOUNCED, UNDER_WAY, WITHDRAWN
from services.billing.closings.tables import CLOSING
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

_NAMES = tuple(each.name for each in fields(Closing))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which closings a list shows; `late_on`: those alone whose step was due before that day."""

    state: str | None = None
    account_no: str | None = None
    service_point_no: str | None = None
    late_on: date | None = None
    waiting: bool = False


def of(row: Row[Any]) -> Closing:
    """Return a row as a value."""
    return Closing(**{name: row._mapping[name] for name in _NAMES})


async def insert(tx: Tx, closing: Closing) -> None:
    """Write a new closing."""
    await bulk.insert_rows(tx, CLOSING, {name: [getattr(closing, name)] for name in _NAMES})


async def write(tx: Tx, closings: Sequence[Closing]) -> None:
    """Write closings that are there and locked."""
    columns = {name: [getattr(each, name) for each in closings] for name in _NAMES}
    await bulk.update_from(tx, CLOSING, columns, key=("closing_no",))


async def get(view: View, closing_no: str) -> Closing | None:
    """Return a closing."""
    row = await view.first(select(CLOSING).where(CLOSING.c.closing_no == closing_no))
    return None if row is None else of(row)


async def locked(tx: Tx, closing_nos: Collection[str]) -> list[Closing]:
    """Lock closings in the order of their numbers, and return them."""
    keys = {"closing_no": sorted(closing_nos)}
    rows = await bulk.select_in(tx, CLOSING, keys, order_by=(CLOSING.c.closing_no,), for_update=True)
    return [of(row) for row in rows]


async def watched(view: View) -> list[str]:
    """List the numbers of the closings that are not withdrawn: of those that are over something may be found still."""
    c = CLOSING.c
    rows = await view.all(select(c.closing_no).where(c.state != WITHDRAWN).order_by(c.closing_no))
    return [row.closing_no for row in rows]


async def between(view: View, first: str, last: str) -> Sequence[Row[Any]]:
    """Return number and account of the closings that are not withdrawn from the first to the last number."""
    c = CLOSING.c
    return await view.all(
        select(c.closing_no, c.account_no).where(c.state != WITHDRAWN, c.closing_no >= first, c.closing_no <= last)
    )


async def of_contracts(view: View, contract_nos: Sequence[str]) -> dict[str, str]:
    """Return the closing that is under way of each contract that has one."""
    c = CLOSING.c
    keys = {"contract_no": contract_nos}
    rows = await bulk.select_in(
        view, CLOSING, keys, columns=(c.contract_no, c.closing_no), where=c.state.in_(UNDER_WAY)
    )
    return {row.contract_no: row.closing_no for row in rows}


async def of_accounts(view: View, account_nos: Sequence[str]) -> list[Closing]:
    """Return the closings of accounts that are not withdrawn, also those that are over."""
    c = CLOSING.c
    rows = await bulk.select_in(view, CLOSING, {"account_no": account_nos}, where=c.state != WITHDRAWN)
    return [of(row) for row in rows]


async def page(view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters) -> Sequence[Row[Any]]:
    """List closings by number."""
    c = CLOSING.c
    where = [visible(c.org_unit), after(c.closing_no)]
    for column, value in (
        (c.state, filters.state),
        (c.account_no, filters.account_no),
        (c.service_point_no, filters.service_point_no),
    ):
        where += [] if value is None else [column == value]
    where += [] if filters.late_on is None else [c.state.in_(UNDER_WAY), _late(filters.late_on)]
    where += [c.state.in_(UNDER_WAY), c.waits_for != ""] if filters.waiting else []
    return await view.all(select(CLOSING).where(*where).order_by(c.closing_no).limit(limit))


def _late(on: date) -> ColumnElement[bool]:
    """Return the condition that a step was due before a day; one whose day no calendar has is listed, not guessed."""
    return or_(CLOSING.c.due_on < on, CLOSING.c.due_on.is_(None))


async def announced(view: View, *, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """List what is announced now, by service point: neither account nor customer."""
    c = CLOSING.c
    wanted = (c.closing_no, c.service_point_no, c.org_unit, c.announced_on, c.objection_until)
    statement = select(*wanted).where(c.state == ANNOUNCED, after(c.service_point_no, c.closing_no))
    return await view.all(statement.order_by(c.service_point_no, c.closing_no).limit(limit))


async def counts(view: View, on: date) -> tuple[int, int, int]:
    """Count the closings under way, those whose step is overdue on a day, and those that wait for somebody."""
    c = CLOSING.c
    late, waiting = func.count().filter(_late(on)), func.count().filter(c.waits_for != "")
    row = await view.first(
        select(func.count().label("n"), late.label("late"), waiting.label("waiting")).where(c.state.in_(UNDER_WAY))
    )
    assert row is not None
    return int(row.n), int(row.late), int(row.waiting)
