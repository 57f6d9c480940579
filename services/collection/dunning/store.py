"""What is overdue, and what was reminded of."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, select

from services.collection.dunning import tables
from services.collection.ledger.domain.documents import Receivable
from services.collection.ledger.store import receivables
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

REMINDER = tables.REMINDER


async def accounts_overdue(
    view: View, *, due_until: date, stage: int, first: str = "", last: str | None = None
) -> list[str]:
    """Return the accounts, in order, that have an open receivable due by then without a reminder of this stage."""
    return await receivables.accounts_overdue(
        view, due_until=due_until, where=_unreminded(stage), first=first, last=last
    )


async def overdue(view: View, account_nos: Sequence[str], *, due_until: date, stage: int) -> list[Receivable]:
    """Return the open receivables of these accounts, due by then without a reminder of this stage, in account order."""
    return await receivables.overdue(view, account_nos, due_until=due_until, where=_unreminded(stage))


async def add(
    tx: Tx, rows: Sequence[Receivable], made: Mapping[str, str], *, stage: int, business_date: date
) -> set[str]:
    """Insert reminders; return the receivables that had none of this stage."""
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


def _unreminded(stage: int) -> ColumnElement[bool]:
    return ~exists().where(REMINDER.c.receivable_id == receivables.receivable_id(), REMINDER.c.stage == stage)


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None
) -> Sequence[Row[Any]]:
    """Return reminders, in the order of their ids."""
    where = [visible(REMINDER.c.org_unit), after(REMINDER.c.reminder_id)]
    where += [REMINDER.c.account_no == account_no] if account_no else []
    return await view.all(select(REMINDER).where(*where).order_by(REMINDER.c.reminder_id).limit(limit))
