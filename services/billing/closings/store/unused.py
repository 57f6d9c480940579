"""The work list of unused supply: every function is one statement."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from services.billing.closings.domain.unused import OPEN, Unused
from services.billing.closings.tables import UNUSED_SUPPLY
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

_NAMES = tuple(each.name for each in fields(Unused))


def of(row: Row[Any]) -> Unused:
    """Return a row as a value."""
    return Unused(**{name: row._mapping[name] for name in _NAMES})


async def between(tx: Tx, first: str, last: str) -> dict[str, Unused]:
    """Lock the rows of the accounts from the first to the last number, and return them by contract."""
    u = UNUSED_SUPPLY.c
    rows = await tx.all(
        select(UNUSED_SUPPLY)
        .where(u.account_no >= first, u.account_no <= last)
        .order_by(u.contract_no)
        .with_for_update(of=UNUSED_SUPPLY)
    )
    return {row.contract_no: of(row) for row in rows}


async def get(view: View, contract_no: str) -> Unused | None:
    """Return the row of a contract."""
    row = await view.first(select(UNUSED_SUPPLY).where(UNUSED_SUPPLY.c.contract_no == contract_no))
    return None if row is None else of(row)


async def locked(tx: Tx, contract_nos: Sequence[str]) -> dict[str, Unused]:
    """Lock the rows of contracts, and return them by contract."""
    u = UNUSED_SUPPLY.c
    keys = {"contract_no": contract_nos}
    rows = await bulk.select_in(tx, UNUSED_SUPPLY, keys, order_by=(u.contract_no,), for_update=True)
    return {row.contract_no: of(row) for row in rows}


async def insert(tx: Tx, rows: Sequence[Unused]) -> None:
    """Write rows of contracts that had none."""
    await bulk.insert_rows(tx, UNUSED_SUPPLY, {name: [getattr(row, name) for row in rows] for name in _NAMES})


async def write(tx: Tx, rows: Sequence[Unused]) -> None:
    """Write rows that are there and locked."""
    columns = {name: [getattr(row, name) for row in rows] for name in _NAMES}
    await bulk.update_from(tx, UNUSED_SUPPLY, columns, key=("contract_no",))


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, state: str | None, late_on: date | None
) -> Sequence[Row[Any]]:
    """List the rows by contract; `late_on`: those alone that nobody had taken up in time on that day."""
    u = UNUSED_SUPPLY.c
    where = [visible(u.org_unit), after(u.contract_no)]
    where += [] if state is None else [u.state == state]
    where += [] if late_on is None else [u.state == OPEN, _late(late_on)]
    return await view.all(select(UNUSED_SUPPLY).where(*where).order_by(u.contract_no).limit(limit))


def _late(on: date) -> ColumnElement[bool]:
    """Return the condition that a row was to be taken up before a day; one whose day no calendar has is listed, not guessed."""
    return or_(UNUSED_SUPPLY.c.take_up_by < on, UNUSED_SUPPLY.c.take_up_by.is_(None))


async def counts(view: View, on: date) -> tuple[int, int]:
    """Count the rows that nobody has taken up, and those of them that should have been by a day."""
    u = UNUSED_SUPPLY.c
    late = func.count().filter(_late(on))
    row = await view.first(select(func.count().label("n"), late.label("late")).where(u.state == OPEN))
    assert row is not None
    return int(row.n), int(row.late)
