"""What channels report: money that has arrived."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.collection.ledger.domain import transactions
from services.collection.ledger.domain.documents import PAYMENT, Finding
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import findings, loading, months
from services.collection.payments import store
from services.collection.payments.domain import (
    ORDER_LIFE,
    PAYMENT_LIFE,
    POSTED,
    SUSPENSE,
    Confirmation,
    NewPayment,
    source_id,
)
from services.collection.payments.use_cases import facts
from services.collection.supply.use_cases import settling
from shared import natural
from shared.db.audit import AuditEntry
from shared.db.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What became of a confirmation: `done`, `already_done` or `conflicting_duplicate`."""

    status: str
    payment_id: str
    payment_status: str


async def confirm(tx: Tx, *, policy: Policy, confirmation: Confirmation, today: date) -> Arrival:
    """Post what a channel says has arrived; money that has arrived is never refused.

    It goes to its order's account where the order is known, open, of this channel and of this amount; else to suspense (暂收)
    with a finding. The same (channel, channel_txn) again is `already_done`, with other content `conflicting_duplicate`.
    A day in the future counts today; a day in a closed month counts in the next open one.
    """
    opened = await months.open_from(tx)
    order = await store.lock_order(tx, confirmation.order_id)
    code = _mismatch(order, confirmation)
    received_on = min(confirmation.paid_on, today)
    payment = NewPayment(
        payment_id=natural.key_id(confirmation.paid_on, "payment", confirmation.channel, confirmation.channel_txn),
        channel=confirmation.channel,
        channel_txn=confirmation.channel_txn,
        order_id=confirmation.order_id,
        account_no=None if code or order is None else order.account_no,
        org_unit="" if order is None else order.org_unit,
        amount_fen=confirmation.amount_fen,
        paid_on=confirmation.paid_on,
        received_on=received_on,
        status=PAYMENT_LIFE.start(SUSPENSE if code else POSTED),
        recorded_by=f"channel:{confirmation.channel}"[:64],
    )
    if not await store.add_payment(tx, payment):
        return await _met_before(tx, confirmation)
    books = await loading.open_books(tx, policy, opened, [payment.account_no] if payment.account_no else [])
    cause = books.cause(PAYMENT, payment.payment_id, received_on)
    cash_code = policy.cash_code(payment.channel, cause.accounting_date)
    if code or order is None:
        books.suspend(cause, payment.amount_fen, cash_code, payment.org_unit)
        books.findings.append(_finding(payment, code))
    else:
        await loading.load_for_days(tx, books, {order.account_no: [received_on]})
        key = source_id(payment.channel, payment.channel_txn)
        books.receive(order.account_no, cause, payment.amount_fen, cash_code, transactions.RECEIPT, key)
        await store.mark_paid(tx, order, payment.payment_id)
        tx.publish([facts.received(payment, order.account_no)])
    if confirmation.paid_on > today:
        books.findings.append(_finding(payment, "payment.dated_in_future"))
    await settling.save(tx, books, payment.payment_id)
    tx.audit(
        [
            AuditEntry(
                action="payment.confirm", entity_kind=PAYMENT, entity_id=payment.payment_id, actor=payment.recorded_by
            )
        ]
    )
    return Arrival(status="done", payment_id=payment.payment_id, payment_status=payment.status)


def _mismatch(order: Any, confirmation: Confirmation) -> str:
    """Return why the money cannot be its order's, or an empty text."""
    if order is None:
        return "payment.order_unknown"
    if order.channel != confirmation.channel:
        return "payment.order_of_other_channel"
    if not ORDER_LIFE.may(order.status, "pay"):
        return "payment.order_already_paid"
    if order.amount_fen != confirmation.amount_fen:
        return "payment.amount_differs"
    return ""


async def _met_before(tx: Tx, confirmation: Confirmation) -> Arrival:
    known = await store.by_channel_txn(tx, confirmation.channel, confirmation.channel_txn)
    told = confirmation.order_id, confirmation.amount_fen, confirmation.paid_on
    if (known.order_id, known.amount_fen, known.paid_on) == told:
        return Arrival(status="already_done", payment_id=known.payment_id, payment_status=known.status)
    finding = Finding(
        code="payment.conflicting_duplicate",
        entity_kind=PAYMENT,
        entity_id=known.payment_id,
        account_no=known.account_no or "",
        org_unit=known.org_unit,
    )
    await findings.add_findings(tx, [finding])
    return Arrival(status="conflicting_duplicate", payment_id=known.payment_id, payment_status=known.status)


def _finding(payment: NewPayment, code: str) -> Finding:
    return Finding(
        code=code,
        entity_kind=PAYMENT,
        entity_id=payment.payment_id,
        account_no=payment.account_no or "",
        org_unit=payment.org_unit,
    )
