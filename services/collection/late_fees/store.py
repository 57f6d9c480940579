"""Late fees, in and out: every function is a constant number of statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.collection.late_fees import tables
from services.collection.late_fees.domain import CHARGED, Line
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

LATE_FEE, LINE, WAIVER = tables.LATE_FEE, tables.LINE, tables.WAIVER
_LINE = ("receivable_id", "paid_on", "paid_fen", "days_before", "days_after")


async def versions(view: View, account_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return all fees of these accounts, also those that were withdrawn."""
    order = (LATE_FEE.c.account_no, LATE_FEE.c.settled_on, LATE_FEE.c.rule, LATE_FEE.c.version)
    return await bulk.select_in(view, LATE_FEE, {"account_no": account_nos}, order_by=order)


async def lines(view: View, late_fee_ids: Sequence[str]) -> dict[str, tuple[Line, ...]]:
    """Return the working of fees, by fee."""
    order = (LINE.c.late_fee_id, LINE.c.line_no)
    found: dict[str, list[Line]] = defaultdict(list)
    for row in await bulk.select_in(view, LINE, {"late_fee_id": late_fee_ids}, order_by=order):
        found[row.late_fee_id].append(Line(*(row._mapping[name] for name in _LINE)))
    return {late_fee_id: tuple(of) for late_fee_id, of in found.items()}


async def add(tx: Tx, rows: Sequence[Mapping[str, Any]], working: Mapping[str, Sequence[Line]]) -> None:
    """Insert fees, each with its working (two statements)."""
    names = LATE_FEE.columns.keys()
    await bulk.insert_rows(tx, LATE_FEE, {name: [row[name] for row in rows] for name in names})
    pairs = [(late_fee_id, number, line) for late_fee_id, of in working.items() for number, line in enumerate(of)]
    columns: dict[str, Sequence[Any]] = {name: [getattr(line, name) for *_, line in pairs] for name in _LINE}
    columns |= {"late_fee_id": [key for key, *_ in pairs], "line_no": [number for _, number, _ in pairs]}
    await bulk.insert_rows(tx, LINE, columns)


async def withdraw(tx: Tx, late_fee_ids: Sequence[str], *, state: str, on: date) -> None:
    """Write that fees are withdrawn. Their accounts are locked."""
    count = len(late_fee_ids)
    columns = {"late_fee_id": late_fee_ids, "state": [state] * count, "withdrawn_on": [on] * count}
    await bulk.update_from(tx, LATE_FEE, columns, key=("late_fee_id",))


async def waivers(view: View, account_nos: Sequence[str]) -> dict[str, int | None]:
    """Return what was waived of debts of these accounts; None: all of it."""
    rows = await bulk.select_in(view, WAIVER, {"account_no": account_nos})
    return {row.receivable_id: row.waived_fen for row in rows}


async def add_waiver(tx: Tx, row: Mapping[str, Any]) -> None:
    """Insert a waiver."""
    await bulk.insert_rows(tx, WAIVER, {name: [value] for name, value in row.items()})


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None, state: str | None
) -> Sequence[Row[Any]]:
    """List fees in the order of their ids."""
    c = LATE_FEE.c
    where = [visible(c.org_unit), after(c.late_fee_id)]
    where += [] if account_no is None else [c.account_no == account_no]
    where += [] if state is None else [c.state == state]
    return await view.all(select(LATE_FEE).where(*where).order_by(c.late_fee_id).limit(limit))


async def waived(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None
) -> Sequence[Row[Any]]:
    """List waivers in the order of their receivables."""
    c = WAIVER.c
    where = [visible(c.org_unit), after(c.receivable_id)]
    where += [] if account_no is None else [c.account_no == account_no]
    return await view.all(select(WAIVER).where(*where).order_by(c.receivable_id).limit(limit))


def stands(row: Row[Any]) -> bool:
    """Return whether a fee is charged now."""
    return bool(row.state == CHARGED)
