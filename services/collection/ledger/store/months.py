"""Closed months, and the locks between those who post and those who close."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from services.collection.ledger import tables
from services.collection.ledger.domain import months
from services.collection.ledger.store.locks import CLOSING
from shared.db import bulk, locks
from shared.db.columns import Condition
from shared.db.engine import Tx, View


async def open_from(tx: Tx, *, closing: bool = False) -> date | None:
    """Return the first day that is open for posting, held open until the unit of work ends; None before the first closing.

    Take it before any row lock: all units of work lock in this order.
    """
    await locks.advisory(tx, CLOSING, alone=closing)
    last = await last_closed(tx)
    return months.first_day_after(last) if last else None


async def last_closed(view: View) -> str | None:
    """Return the last closed month as `YYYY-MM`."""
    month = await view.scalar(select(func.max(tables.CLOSED_MONTH.c.month)))
    return None if month is None else str(month)


async def add_closed_month(tx: Tx, month: str, actor: str) -> None:
    """Write down that a month is closed, and who closed it."""
    await bulk.insert_rows(tx, tables.CLOSED_MONTH, {"month": [month], "closed_by": [actor], "closed_at": [tx.now]})


async def closed(view: View, *, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """Return the closed months in order."""
    table = tables.CLOSED_MONTH
    return await view.all(select(table).where(after(table.c.month)).order_by(table.c.month).limit(limit))
