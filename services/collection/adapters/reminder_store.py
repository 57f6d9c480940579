"""What is overdue, and what was reminded of."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, select

from services.collection.adapters import tables
from shared.db import bulk
from shared.db.engine import Tx, View

RECEIVABLE, REMINDER = tables.RECEIVABLE, tables.REMINDER


class Overdue(NamedTuple):
    receivable_id: str
    account_no: str
    org_unit: str
    document_kind: str
    document_id: str
    outstanding_fen: int
    due_on: date


async def accounts_overdue(
    view: View, *, due_until: date, stage: int, first: str = "", last: str | None = None
) -> list[str]:
    """Return the accounts, in order, that have an open receivable due by then without a reminder of this stage."""
    account_no = RECEIVABLE.c.account_no
    statement = select(account_no).distinct().where(_unreminded(due_until, stage), account_no >= first)
    if last is not None:
        statement = statement.where(account_no <= last)
    return [row.account_no for row in await view.all(statement.order_by(account_no))]


async def overdue(view: View, account_nos: Sequence[str], *, due_until: date, stage: int) -> list[Overdue]:
    """Return the open receivables of these accounts, due by then without a reminder of this stage, in account order."""
    rows = await bulk.select_in(
        view,
        RECEIVABLE,
        {"account_no": account_nos},
        columns=[RECEIVABLE.c[name] for name in Overdue._fields],
        where=_unreminded(due_until, stage),
        order_by=(RECEIVABLE.c.account_no, RECEIVABLE.c.due_on, RECEIVABLE.c.document_id),
    )
    return [_overdue(row) for row in rows]


async def add(tx: Tx, rows: Sequence[Overdue], made: Mapping[str, str], *, stage: int, business_date: date) -> set[str]:
    """Insert reminders; return the receivables that had none of this stage."""
    if not rows:
        return set()
    count = len(rows)
    columns: dict[str, Sequence[Any]] = {
        "reminder_id": [made[row.receivable_id] for row in rows],
        "receivable_id": [row.receivable_id for row in rows],
        "stage": [stage] * count,
        "account_no": [row.account_no for row in rows],
        "org_unit": [row.org_unit for row in rows],
        "outstanding_fen": [row.outstanding_fen for row in rows],
        "business_date": [business_date] * count,
        "recorded_at": [tx.now] * count,
    }
    new = await bulk.insert_ignore(tx, REMINDER, columns, key=("receivable_id", "stage"))
    return {row.receivable_id for row in new}


def _overdue(row: Any) -> Overdue:
    return Overdue(*row)


def _unreminded(due_until: date, stage: int) -> ColumnElement[bool]:
    reminded = exists().where(REMINDER.c.receivable_id == RECEIVABLE.c.receivable_id, REMINDER.c.stage == stage)
    return and_(RECEIVABLE.c.status == "open", RECEIVABLE.c.due_on <= due_until, ~reminded)
