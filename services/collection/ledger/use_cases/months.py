"""Closing of accounting months."""

from datetime import date

from services.collection.ledger.domain import months
from services.collection.ledger.store.months import add_closed_month, open_from
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import ALREADY_DONE, DONE, Outcome


class MonthOutOfOrder(BusinessError):
    status = 409
    code = "ledger.month_out_of_order"
    title = "Months are closed one after the other"


class MonthNotEnded(BusinessError):
    status = 409
    code = "ledger.month_not_ended"
    title = "A month is closed after its last day"


async def close(tx: Tx, *, month: str, today: date, actor: str) -> Outcome:
    """Close a month (月结) and all before it for ever; waits for the units of work that are posting.

    Refused: a month that has not ended, and one that is not the next after the last closed month.
    """
    opened = await open_from(tx, closing=True)
    if not months.LIFE.may(months.status(month, opened), "close"):
        return ALREADY_DONE
    if opened is not None and month != months.of(opened):
        raise MonthOutOfOrder(f"{months.of(opened)} comes first")
    if months.first_day_after(month) > today:
        raise MonthNotEnded
    await add_closed_month(tx, month, actor)
    tx.audit([AuditEntry(action="month.close", entity_kind="month", entity_id=month, actor=actor)])
    return DONE
