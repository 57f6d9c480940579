"""Closing of accounting months."""

from datetime import date

from services.collection.adapters import store
from services.collection.application import errors
from services.collection.domain import months
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, DONE, Outcome


async def close(tx: Tx, *, month: str, today: date, actor: str) -> Outcome:
    """Close a month (月结) and all before it for ever; waits for the units of work that are posting.

    Refused: a month that has not ended, and one that is not the next after the last closed month.
    """
    opened = await store.open_from(tx, closing=True)
    if opened is not None and month < months.of(opened):
        return ALREADY_DONE
    if opened is not None and month != months.of(opened):
        raise errors.MonthOutOfOrder(f"{months.of(opened)} comes first")
    if months.first_day_after(month) > today:
        raise errors.MonthNotEnded
    await store.add_closed_month(tx, month, actor)
    tx.audit([AuditEntry(action="month.close", entity_kind="month", entity_id=month, actor=actor)])
    return DONE
