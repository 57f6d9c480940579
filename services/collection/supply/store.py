"""Cuts, in and out: every function is one statement. Whoever changes a cut holds its account's row."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, literal, select

from services.collection.ledger.store import receivables
from services.collection.supply.domain import ENDED, RESTORING
from services.collection.supply.tables import CUT, CUT_DEBT, CUT_ORDER
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

_C = CUT.c
IN_FORCE_MAX = 100_000  # cuts of some states at one time: more is no utility's
Cut = dict[str, Any]
"""A row of the table, by its columns."""


async def in_force(view: View, account_nos: Sequence[str]) -> list[Cut]:
    """Return the cuts of accounts that have not ended, by number."""
    where = _C.state != ENDED
    return _cuts(await bulk.select_in(view, CUT, {"account_no": account_nos}, where=where, order_by=(_C.cut_no,)))


async def at_points(view: View, service_point_nos: Sequence[str]) -> list[Cut]:
    """Return all cuts of service points."""
    return _cuts(await bulk.select_in(view, CUT, {"service_point_no": service_point_nos}, order_by=(_C.sequence,)))


async def cuts_of(view: View, order_nos: Sequence[str]) -> dict[str, str]:
    """Return the cut of each order, of those that are known."""
    rows = await bulk.select_in(view, CUT_ORDER, {"order_no": order_nos})
    return {row.order_no: row.cut_no for row in rows}


async def of_announcements(view: View, announcement_ids: Sequence[str]) -> list[Cut]:
    """Return the cuts whose last announcements these are."""
    return _cuts(await bulk.select_in(view, CUT, {"announcement_id": announcement_ids}, order_by=(_C.cut_no,)))


async def some(view: View, cut_nos: Sequence[str]) -> list[Cut]:
    """Return cuts by number."""
    return _cuts(await bulk.select_in(view, CUT, {"cut_no": cut_nos}, order_by=(_C.cut_no,)))


async def in_states(view: View, states: Sequence[str], *, first: str = "", limit: int) -> list[Cut]:
    """Return cuts that are in some states, by number, from one on."""
    where = (_C.state.in_(states), _C.cut_no >= first)
    return _cuts(await view.all(select(CUT).where(*where).order_by(_C.cut_no).limit(limit)))


async def owed(view: View, cut_nos: Sequence[str], *, where: ColumnElement[bool] | None = None) -> dict[str, list[str]]:
    """Return which of the debts that cuts are for are owed (and meet a condition on `receivables`), by cut."""
    rows = await bulk.select_in(view, CUT_DEBT, {"cut_no": cut_nos})
    open_ = await receivables.owed_of(view, sorted({row.receivable_id for row in rows}), where=where)
    found: dict[str, list[str]] = {cut_no: [] for cut_no in cut_nos}
    for row in rows:
        if row.receivable_id in open_:
            found[row.cut_no].append(row.receivable_id)
    return found


async def add(tx: Tx, row: Mapping[str, Any], receivable_ids: Sequence[str]) -> None:
    """Insert a cut with the debts that it is for (two statements)."""
    await bulk.insert_rows(tx, CUT, {name: [row[name]] for name in CUT.columns.keys()})  # noqa: SIM118
    columns = {"cut_no": [row["cut_no"]] * len(receivable_ids), "receivable_id": receivable_ids}
    await bulk.insert_rows(tx, CUT_DEBT, columns)


async def add_prepaid(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert cuts that are for no debts."""
    await bulk.insert_rows(tx, CUT, {name: [row[name] for row in rows] for name in CUT.columns.keys()})  # noqa: SIM118


async def write(tx: Tx, rows: Sequence[Cut]) -> None:
    """Write what has changed of cuts."""
    columns = {name: [row[name] for row in rows] for name in CUT.columns.keys()}  # noqa: SIM118
    await bulk.update_from(tx, CUT, columns, key=("cut_no",))


async def add_orders(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note orders that are asked for."""
    await bulk.insert_rows(tx, CUT_ORDER, {name: [row[name] for row in rows] for name in CUT_ORDER.columns.keys()})  # noqa: SIM118


async def orders_asked(view: View, first: date, end: date) -> int:
    """Count the orders that were asked for on the days of [first, end)."""
    o = CUT_ORDER.c
    where = (o.asked_on >= first, o.asked_on < end)
    return int(await view.scalar(select(func.count()).select_from(CUT_ORDER).where(*where)) or 0)


async def asked_in(view: View, first: date, end: date, *, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the orders that were asked for on the days of [first, end), behind a number, as other services compare them."""
    o = CUT_ORDER.c
    return await view.all(
        select(
            o.order_no.label("id"),
            o.service_point_no.label("subject"),
            case((o.action == "cut", 1), else_=0).label("amount"),
            literal(True).label("stands"),
            literal(False).label("corrects"),
        )
        .where(o.asked_on >= first, o.asked_on < end, o.order_no > after)
        .order_by(o.order_no)
        .limit(limit)
    )


def _cuts(rows: Sequence[Row[Any]]) -> list[Cut]:
    return [dict(row._mapping) for row in rows]


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    account_no: str | None,
    state: str | None,
    code: str | None,
) -> Sequence[Row[Any]]:
    """List cuts by number."""
    given = {_C.account_no: account_no, _C.state: state, _C.code: code}
    where = [column == wanted for column, wanted in given.items() if wanted is not None]
    return await view.all(
        select(CUT).where(visible(_C.org_unit), after(_C.cut_no), *where).order_by(_C.cut_no).limit(limit)
    )


async def gauges(view: View, now: datetime) -> dict[str, float]:
    """Return how many supplies are not restored in time, and how many cuts are in force."""
    late = (_C.state == RESTORING) & (_C.restore_by < now)
    return {
        "cuts_in_force": float(await view.scalar(select(func.count()).where(_C.state != ENDED)) or 0),
        "restores_overdue": float(await view.scalar(select(func.count()).where(late)) or 0),
    }
