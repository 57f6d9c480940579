"""Rows of payment orders and payments."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Row, select, update

from services.collection.ledger.store import credits
from services.collection.payments import tables
from services.collection.payments.domain import OPEN, ORDER_LIFE, PAYMENT_LIFE, NewPayment
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ORDER, PAYMENT = tables.ORDER, tables.PAYMENT


async def add_order(
    tx: Tx, *, order_id: str, account_no: str, org_unit: str, channel: str, amount_fen: int, on: date
) -> None:
    """Insert a payment order."""
    row = {
        "order_id": order_id,
        "account_no": account_no,
        "org_unit": org_unit,
        "channel": channel,
        "amount_fen": amount_fen,
        "status": ORDER_LIFE.start(OPEN),
        "created_on": on,
        "payment_id": None,
    }
    await bulk.insert_rows(tx, ORDER, {name: [value] for name, value in row.items()})


async def lock_order(tx: Tx, order_id: str) -> Row[Any] | None:
    """Lock a payment order and return it."""
    return await _locked(tx, ORDER, ORDER.c.order_id == order_id)


async def mark_paid(tx: Tx, order: Row[Any], payment_id: str) -> None:
    """Write down which payment has paid a locked order."""
    changes = {"status": ORDER_LIFE.move(order.status, "pay"), "payment_id": payment_id}
    await tx.execute(update(ORDER).where(ORDER.c.order_id == order.order_id).values(**changes))


async def add_payment(tx: Tx, payment: NewPayment) -> bool:
    """Insert a payment; False where its (channel, channel_txn) is known, also from a unit of work that just committed."""
    columns: dict[str, list[Any]] = {name: [value] for name, value in asdict(payment).items()}
    columns |= {"decided_by": [None], "recorded_at": [tx.now]}
    return bool(await bulk.insert_ignore(tx, PAYMENT, columns, key=("channel", "channel_txn")))


async def by_channel_txn(tx: Tx, channel: str, channel_txn: str) -> Any:
    """Return the payment of a channel's transaction number."""
    return await tx.first(select(PAYMENT).where(PAYMENT.c.channel == channel, PAYMENT.c.channel_txn == channel_txn))


async def lock_payment(tx: Tx, payment_id: str) -> Row[Any] | None:
    """Lock a payment and return it."""
    return await _locked(tx, PAYMENT, PAYMENT.c.payment_id == payment_id)


async def decide(tx: Tx, payment: Row[Any], event: str, *, by: str, **changes: str) -> None:
    """Move a locked payment on by an event of its life, and write down who decided it."""
    status = PAYMENT_LIFE.move(payment.status, event)
    changed = update(PAYMENT).where(PAYMENT.c.payment_id == payment.payment_id)
    await tx.execute(changed.values(status=status, decided_by=by, **changes))


async def order(view: View, order_id: str) -> Row[Any] | None:
    """Return a payment order."""
    return await view.first(select(ORDER).where(ORDER.c.order_id == order_id))


async def payment(view: View, payment_id: str) -> Row[Any] | None:
    """Return a payment with what of it is prepayment now."""
    unallocated_fen = credits.unallocated_fen(PAYMENT.c.payment_id).label("unallocated_fen")
    return await view.first(select(*PAYMENT.c, unallocated_fen).where(PAYMENT.c.payment_id == payment_id))


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    columns: Sequence[str],
    account_no: str | None,
    status: str | None,
) -> Sequence[Row[Any]]:
    """Return payments, in the order of their ids."""
    where = [visible(PAYMENT.c.org_unit), after(PAYMENT.c.payment_id)]
    where += [PAYMENT.c.account_no == account_no] if account_no else []
    where += [PAYMENT.c.status == status] if status else []
    wanted = [PAYMENT.c[name] for name in columns]
    return await view.all(select(*wanted).where(*where).order_by(PAYMENT.c.payment_id).limit(limit))


async def _locked(tx: Tx, table: Any, condition: Any) -> Row[Any] | None:
    return await tx.first(select(table).where(condition).with_for_update())
