"""Money comes in: payment orders, callbacks of channels, payments at the counter."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.collection.adapters import payment_store, store
from services.collection.adapters.payment_store import NewPayment
from services.collection.application import errors, posting
from services.collection.domain import ledger, months
from services.collection.domain.documents import PAYMENT, Account, Cause, Finding
from services.collection.domain.policy import Policy
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.collection import PaymentReceived, PaymentReversed

COUNTER = "counter"
POSTED, SUSPENSE, REVERSED, RETURNED = "posted", "suspense", "reversed", "returned"
Sees = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a channel reports: money that has arrived."""

    channel: str
    channel_txn: str
    order_id: str
    amount_fen: int
    paid_on: date


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of a confirmation: `done`, `already_done` or `conflicting_duplicate`."""

    status: str
    payment_id: str
    payment_status: str


async def create_order(
    tx: Tx, *, policy: Policy, account_no: str, amount_fen: int, channel: str, today: date, actor: str, sees: Sees
) -> str:
    """Create a payment order (缴费订单), which a channel's callback names, and return its id."""
    if channel == COUNTER or channel not in policy.at(today).channels:
        raise errors.ChannelUnknown
    org_unit = (await store.org_units(tx, [account_no])).get(account_no)
    if org_unit is None or not sees(org_unit):
        raise errors.AccountUnknown
    order_id = ids.new()
    await payment_store.add_order(
        tx,
        order_id=order_id,
        account_no=account_no,
        org_unit=org_unit,
        channel=channel,
        amount_fen=amount_fen,
        on=today,
    )
    tx.audit([AuditEntry(action="payment_order.create", entity_kind="payment_order", entity_id=order_id, actor=actor)])
    return order_id


async def take_at_counter(
    tx: Tx, *, policy: Policy, account_no: str, amount_fen: int, received_on: date, today: date, actor: str, sees: Sees
) -> str:
    """Take money at the counter (坐收), settle what is owed, oldest first, and return the payment's id.

    Refused before the money changes hands: an unknown account, a closed month, a day in the future.
    """
    opened = await posting.open_for_command(tx, received_on, today)
    books = await store.open_books(tx, policy, opened, [account_no])
    account = books.accounts.get(account_no)
    if account is None or not sees(account.org_unit):
        raise errors.AccountUnknown
    await store.load_open_sides(tx, books, [account_no])
    payment_id = ids.new()
    cash_code = policy.cash_code(COUNTER, received_on)
    books.receive(account_no, books.cause(PAYMENT, payment_id, received_on), amount_fen, cash_code, ledger.RECEIPT)
    payment = NewPayment(
        payment_id,
        COUNTER,
        payment_id,
        None,
        account_no,
        account.org_unit,
        amount_fen,
        received_on,
        received_on,
        POSTED,
        actor,
    )
    await payment_store.add_payment(tx, payment)
    tx.publish([_received(payment, account_no)])
    await posting.save(tx, books, payment_id)
    tx.audit([AuditEntry(action="payment.take", entity_kind=PAYMENT, entity_id=payment_id, actor=actor)])
    return payment_id


async def confirm(tx: Tx, *, policy: Policy, confirmation: Confirmation, today: date) -> Arrival:
    """Post what a channel says has arrived; money that has arrived is never refused.

    It goes to its order's account where the order is known, open, of this channel and of this amount; else to suspense (暂收)
    with a finding. The same (channel, channel_txn) again is `already_done`, with other content `conflicting_duplicate`.
    A day in the future counts today; a day in a closed month counts in the next open one.
    """
    opened = await store.open_from(tx)
    order = await payment_store.lock_order(tx, confirmation.order_id)
    code = _mismatch(order, confirmation)
    received_on = min(confirmation.paid_on, today)
    payment = NewPayment(
        ids.new(),
        confirmation.channel,
        confirmation.channel_txn,
        confirmation.order_id,
        None if code or order is None else order.account_no,
        "" if order is None else order.org_unit,
        confirmation.amount_fen,
        confirmation.paid_on,
        received_on,
        SUSPENSE if code else POSTED,
        f"channel:{confirmation.channel}"[:64],
    )
    if not await payment_store.add_payment(tx, payment):
        return await _met_before(tx, confirmation)
    if code or order is None:
        await _to_suspense(tx, policy, opened, payment, code)
    else:
        await _to_account(tx, policy, opened, payment, order)
    if confirmation.paid_on > today:
        await store.add_findings(tx, [_finding(payment, "payment.dated_in_future")])
    tx.audit(
        [
            AuditEntry(
                action="payment.confirm", entity_kind=PAYMENT, entity_id=payment.payment_id, actor=payment.recorded_by
            )
        ]
    )
    return Arrival("done", payment.payment_id, payment.status)


def _mismatch(order: Any, confirmation: Confirmation) -> str:
    """Return why the money cannot be its order's, or an empty text."""
    if order is None:
        return "payment.order_unknown"
    if order.channel != confirmation.channel:
        return "payment.order_of_other_channel"
    if order.status != "open":
        return "payment.order_already_paid"
    if order.amount_fen != confirmation.amount_fen:
        return "payment.amount_differs"
    return ""


async def _met_before(tx: Tx, confirmation: Confirmation) -> Arrival:
    known = await payment_store.by_channel_txn(tx, confirmation.channel, confirmation.channel_txn)
    told = confirmation.order_id, confirmation.amount_fen
    # a day in the future was taken as the day of arrival: told again later it is still the same payment
    same_day = (
        known.received_on == confirmation.paid_on or confirmation.paid_on > known.received_on >= known.recorded_on
    )
    if (known.order_id, known.amount_fen) == told and same_day:
        return Arrival("already_done", known.payment_id, known.status)
    finding = Finding(
        "payment.conflicting_duplicate", PAYMENT, known.payment_id, "", known.account_no or "", known.org_unit
    )
    await store.add_findings(tx, [finding])
    return Arrival("conflicting_duplicate", known.payment_id, known.status)


async def _to_suspense(tx: Tx, policy: Policy, opened: date | None, payment: NewPayment, code: str) -> None:
    accounting_date = months.accounting_date(payment.received_on, opened)
    version = policy.at(accounting_date)
    posted = ledger.transaction(
        document_kind=PAYMENT,
        document_id=payment.payment_id,
        kind=ledger.SUSPENSE,
        account_no="",
        org_unit=payment.org_unit,
        business_date=payment.received_on,
        accounting_date=accounting_date,
        entries=[
            ledger.Entry(policy.cash_code(payment.channel, accounting_date), payment.amount_fen),
            ledger.Entry(version.roles["suspense"], -payment.amount_fen),
        ],
    )
    await store.write_transactions(tx, [posted])
    await store.add_findings(tx, [_finding(payment, code)])


async def _to_account(tx: Tx, policy: Policy, opened: date | None, payment: NewPayment, order: Any) -> None:
    books = await store.open_books(tx, policy, opened, [order.account_no])
    await store.load_open_sides(tx, books, [order.account_no])
    cause = books.cause(PAYMENT, payment.payment_id, payment.received_on)
    cash_code = policy.cash_code(payment.channel, cause.accounting_date)
    books.receive(order.account_no, cause, payment.amount_fen, cash_code, ledger.RECEIPT)
    await payment_store.mark_paid(tx, order.order_id, payment.payment_id)
    tx.publish([_received(payment, order.account_no)])
    await posting.save(tx, books, payment.payment_id)


async def resolve(
    tx: Tx,
    *,
    policy: Policy,
    payment_id: str,
    account_no: str | None,
    resolved_on: date,
    today: date,
    reason: str,
    actor: str,
    sees: Sees,
) -> None:
    """Decide on money in suspense: it is an account's, or (without an account) it is returned to its payer."""
    opened = await posting.open_for_command(tx, resolved_on, today)
    payment = await _lock_payment(tx, payment_id, actor, sees)
    if payment.status != SUSPENSE:
        raise errors.NotInSuspense
    if resolved_on < payment.received_on:
        raise errors.BeforePayment
    arrived = await store.entries_of(tx, PAYMENT, payment_id, ledger.SUSPENSE)
    cause = Cause(PAYMENT, payment_id, resolved_on, resolved_on)
    if account_no is None:
        posted = ledger.transaction(
            document_kind=PAYMENT,
            document_id=payment_id,
            kind=ledger.RETURN,
            account_no="",
            org_unit=payment.org_unit,
            business_date=resolved_on,
            accounting_date=resolved_on,
            entries=ledger.reversed_(arrived),
        )
        await store.write_transactions(tx, [posted])
        await payment_store.decide(tx, payment_id, status=RETURNED, by=actor)
    else:
        books = await store.open_books(tx, policy, opened, [account_no])
        account = books.accounts.get(account_no)
        if account is None or not sees(account.org_unit):
            raise errors.AccountUnknown
        await store.load_open_sides(tx, books, [account_no])
        (suspense_code,) = (entry.ledger_account for entry in arrived if entry.amount_fen < 0)
        books.receive(account_no, cause, payment.amount_fen, suspense_code, ledger.RESOLUTION)
        await payment_store.decide(
            tx, payment_id, status=POSTED, by=actor, account_no=account_no, org_unit=account.org_unit
        )
        tx.publish([_received(payment, account_no, account.org_unit)])
        await posting.save(tx, books, payment_id)
    action = "suspense.return" if account_no is None else "suspense.allocate"
    tx.audit([AuditEntry(action=action, entity_kind=PAYMENT, entity_id=payment_id, actor=actor, reason=reason)])


async def reverse(
    tx: Tx, *, policy: Policy, payment_id: str, reversed_on: date, today: date, reason: str, actor: str, sees: Sees
) -> None:
    """Take a posted payment back (退票, 冲正): what it had settled is owed again, its prepayment is gone; nothing is edited."""
    opened = await posting.open_for_command(tx, reversed_on, today)
    payment = await _lock_payment(tx, payment_id, actor, sees)
    if payment.status != POSTED:
        raise errors.NotPosted
    if reversed_on < payment.received_on:
        raise errors.BeforePayment
    books = await store.open_books(tx, policy, opened, [payment.account_no])
    await store.load_for_reversal(tx, books, document_ids=[], credit_ids=[payment_id])
    await store.load_open_sides(tx, books, [payment.account_no])
    arrived = await store.entries_of(tx, PAYMENT, payment_id, ledger.RECEIPT)
    arrived = arrived or await store.entries_of(tx, PAYMENT, payment_id, ledger.SUSPENSE)
    (cash_code,) = (entry.ledger_account for entry in arrived if entry.amount_fen > 0)
    books.reverse_payment(payment_id, books.cause(PAYMENT, payment_id, reversed_on), cash_code)
    await payment_store.decide(tx, payment_id, status=REVERSED, by=actor)
    tx.publish([_reversed(payment, books.accounts[payment.account_no], reversed_on)])
    await posting.save(tx, books, payment_id)
    tx.audit(
        [AuditEntry(action="payment.reverse", entity_kind=PAYMENT, entity_id=payment_id, actor=actor, reason=reason)]
    )


async def _lock_payment(tx: Tx, payment_id: str, actor: str, sees: Sees) -> Any:
    payment = await payment_store.lock_payment(tx, payment_id)
    if payment is None or not sees(payment.org_unit):
        raise errors.PaymentUnknown
    if payment.recorded_by == actor:
        raise errors.MakerIsChecker
    return payment


def _received(payment: Any, account_no: str, org_unit: str = "") -> PaymentReceived:
    return PaymentReceived(
        account_no=account_no,
        payment_id=payment.payment_id,
        org_unit=org_unit or payment.org_unit,
        channel=payment.channel,
        amount_fen=payment.amount_fen,
        received_on=payment.received_on,
        causation_id=payment.order_id or "",
    )


def _reversed(payment: Any, account: Account, reversed_on: date) -> PaymentReversed:
    return PaymentReversed(
        account_no=account.account_no,
        payment_id=payment.payment_id,
        org_unit=account.org_unit,
        channel=payment.channel,
        amount_fen=payment.amount_fen,
        received_on=payment.received_on,
        reversed_on=reversed_on,
        outstanding_fen=sum(receivable.outstanding_fen for receivable in account.receivables),
        causation_id=payment.payment_id,
    )


def _finding(payment: NewPayment, code: str) -> Finding:
    return Finding(code, PAYMENT, payment.payment_id, "", payment.account_no or "", payment.org_unit)
