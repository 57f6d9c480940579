"""The read side: lists, control totals, trace."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, func, select

from services.collection.adapters import store, tables
from services.collection.domain.documents import BILL, BILLED, CORRECTION, Correction, Debt
from shared.db.engine import View
from shared.trace import Origin, TraceNode

SERVICE = "collection"
WAITING_PAGE = 1000  # corrections read at a time: some kilobytes each
TRACED_MAX = 1000  # allocations of one payment: years of debts of one customer are some dozens
CREDIT, RECEIVABLE, PAYMENT, ORDER = tables.CREDIT, tables.RECEIVABLE, tables.PAYMENT, tables.ORDER
ALLOCATION, TRANSACTION, ENTRY = tables.ALLOCATION, tables.TRANSACTION, tables.ENTRY
WAITING, REMINDER, FINDING = tables.WAITING, tables.REMINDER, tables.FINDING


async def control_totals(view: View, cycle: str) -> dict[str, int]:
    """Return what was posted of a cycle's bills and differences: what billing has issued must be found here, or wait.

    `documents_posted` and `posted_fen` are of documents that stand, `documents_reversed` and `reversed_fen` of those taken
    back. What waits counts as it will be once posted: a correction counts with what it adds and takes back.
    """
    reversed_ = RECEIVABLE.c.status == "reversed"
    amount, zero = RECEIVABLE.c.amount_fen, 0
    totals = await view.first(
        select(
            _sum(case((reversed_, zero), else_=1)).label("documents_posted"),
            _sum(case((reversed_, zero), else_=amount)).label("posted_fen"),
            _sum(case((reversed_, 1), else_=zero)).label("documents_reversed"),
            _sum(case((reversed_, amount), else_=zero)).label("reversed_fen"),
            _sum(RECEIVABLE.c.outstanding_fen).label("outstanding_fen"),
        ).where(RECEIVABLE.c.document_kind.in_(BILLED), RECEIVABLE.c.cycle == cycle)
    )
    waiting = await view.first(
        select(func.count().label("documents_waiting"), _sum(WAITING.c.amount_fen).label("waiting_fen")).where(
            WAITING.c.kind == BILL, WAITING.c.cycle == cycle
        )
    )
    imbalance = await view.first(select(_sum(ENTRY.c.amount_fen).label("ledger_imbalance_fen")))
    rows = [row._mapping for row in (totals, waiting, imbalance) if row is not None]
    found = {name: int(value) for row in rows for name, value in row.items()} | {"reversed_waiting_fen": 0}
    async for correction in _waiting_corrections(view):
        added = _of_cycle(correction.differences or correction.replacements, cycle)
        taken = [] if correction.differences else _of_cycle(correction.reversals, cycle)
        found["documents_waiting"] += len(added) - len(taken)
        found["waiting_fen"] += sum(added) - sum(taken)
        found["reversed_waiting_fen"] += sum(taken)
    return found


async def _waiting_corrections(view: View) -> AsyncIterator[Correction]:
    last = 0
    of_page = select(WAITING.c.position, WAITING.c.payload).order_by(WAITING.c.position).limit(WAITING_PAGE)
    while rows := await view.all(of_page.where(WAITING.c.kind == CORRECTION, WAITING.c.position > last)):
        for row in rows:
            yield store.WHOLE_CORRECTION.validate_json(row.payload)
        last = rows[-1].position


def _of_cycle(debts: Sequence[Debt], cycle: str) -> list[int]:
    return [debt.total_fen for debt in debts if debt.cycle == cycle]


def _sum(value: Any) -> Any:
    return func.coalesce(func.sum(value), 0)


async def waiting_oldest(view: View) -> datetime | None:
    """Return since when the oldest document waits for its account."""
    found: datetime | None = await view.scalar(select(WAITING.c.received_at).order_by(WAITING.c.position).limit(1))
    return found


async def gauges(view: View) -> Mapping[str, float]:
    """Return the business gauges; the first must be 0."""
    imbalance = await view.scalar(select(_sum(ENTRY.c.amount_fen)))
    outstanding = await view.scalar(select(_sum(RECEIVABLE.c.outstanding_fen)).where(RECEIVABLE.c.status == "open"))
    suspense = await view.scalar(select(_sum(PAYMENT.c.amount_fen)).where(PAYMENT.c.status == "suspense"))
    return {
        "ledger_imbalance_fen": float(imbalance),
        "receivables_open_fen": float(outstanding),
        "suspense_fen": float(suspense),
    }


async def account(view: View, account_no: str) -> Row[Any] | None:
    """Return an account with what it owes now."""
    table = tables.ACCOUNT
    outstanding = (
        select(_sum(RECEIVABLE.c.outstanding_fen)).where(RECEIVABLE.c.account_no == account_no).scalar_subquery()
    )
    return await view.first(
        select(*table.c, outstanding.label("outstanding_fen")).where(table.c.account_no == account_no)
    )


async def payment(view: View, payment_id: str) -> Row[Any] | None:
    """Return a payment with what of it is prepayment now."""
    return await view.first(
        select(*PAYMENT.c, func.coalesce(CREDIT.c.unallocated_fen, 0).label("unallocated_fen"))
        .select_from(PAYMENT.outerjoin(CREDIT, CREDIT.c.credit_id == PAYMENT.c.payment_id))
        .where(PAYMENT.c.payment_id == payment_id)
    )


async def allocations(view: View, *, credit_id: str = "", receivable_id: str = "") -> Sequence[Row[Any]]:
    """Return the allocations of a credit or of a receivable, releases included, in the order in which they were made."""
    condition = ALLOCATION.c.credit_id == credit_id if credit_id else ALLOCATION.c.receivable_id == receivable_id
    return await view.all(select(ALLOCATION).where(condition).order_by(ALLOCATION.c.allocation_id).limit(TRACED_MAX))


async def transactions_of(view: View, document_id: str) -> list[dict[str, Any]]:
    """Return the ledger transactions of a document, or of the group that it made, with their entries."""
    ids = select(TRANSACTION.c.transaction_id).where(
        (TRANSACTION.c.document_id == document_id) | (TRANSACTION.c.group_id == document_id)
    )
    return await _with_entries(view, ids)


async def _with_entries(view: View, ids: Any) -> list[dict[str, Any]]:
    rows = await view.all(
        select(TRANSACTION, ENTRY.c.ledger_account, ENTRY.c.component, ENTRY.c.amount_fen)
        .select_from(TRANSACTION.outerjoin(ENTRY, ENTRY.c.transaction_id == TRANSACTION.c.transaction_id))
        .where(TRANSACTION.c.transaction_id.in_(ids))
        .order_by(TRANSACTION.c.accounting_date, TRANSACTION.c.transaction_id, ENTRY.c.line_no)
        .limit(TRACED_MAX)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        names = ("transaction_id", "document_kind", "document_id", "kind", "group_id", "account_no")
        one = found.setdefault(
            row.transaction_id,
            {name: getattr(row, name) for name in names}
            | {
                "business_date": row.business_date.isoformat(),
                "accounting_date": row.accounting_date.isoformat(),
                "entries": [],
            },
        )
        if row.ledger_account is not None:
            one["entries"].append(
                {"ledger_account": row.ledger_account, "component": row.component, "amount_fen": row.amount_fen}
            )
    return list(found.values())


async def trace(view: View, kind: str, document_id: str) -> TraceNode | None:
    """Return one document of collection with what it was derived from; the walk from a payment ends at billing's bills."""
    tracers = {
        "payment": _trace_payment,
        "payment_order": _trace_order,
        "receivable": _trace_receivable,
        "ledger_transaction": _trace_transaction,
        "reminder": _trace_reminder,
    }
    return await tracers[kind](view, document_id) if kind in tracers else None


async def _trace_payment(view: View, payment_id: str) -> TraceNode | None:
    row = await payment(view, payment_id)
    if row is None:
        return None
    made = await allocations(view, credit_id=payment_id)
    settled: dict[str, int] = {}
    for one in made:
        settled[one.receivable_id] = settled.get(one.receivable_id, 0) + one.amount_fen
    document = _document(row, "channel", "channel_txn", "amount_fen", "received_on", "status", "account_no")
    document["ledger_transactions"] = await transactions_of(view, payment_id)
    document["allocations"] = [
        _document(one, "receivable_id", "amount_fen", "made_on", "cause_kind", "cause_id") for one in made
    ]
    order = [Origin(SERVICE, "payment_order", row.order_id)] if row.order_id else []
    # what was released again is in the allocations above; what the payment settles now is where the walk goes on
    receivables = [Origin(SERVICE, "receivable", key) for key, amount_fen in settled.items() if amount_fen]
    return TraceNode(SERVICE, "payment", payment_id, document, (*order, *receivables))


async def _trace_order(view: View, order_id: str) -> TraceNode | None:
    row = await view.first(select(ORDER).where(ORDER.c.order_id == order_id))
    if row is None:
        return None
    return TraceNode(
        SERVICE,
        "payment_order",
        order_id,
        _document(row, "account_no", "channel", "amount_fen", "created_on", "status"),
    )


async def _trace_receivable(view: View, receivable_id: str) -> TraceNode | None:
    row = await view.first(select(RECEIVABLE).where(RECEIVABLE.c.receivable_id == receivable_id))
    if row is None:
        return None
    names = ("account_no", "cycle", "issued_on", "due_on", "amount_fen", "outstanding_fen", "status")
    document = _document(row, "document_kind", "document_id", *names)
    document["ledger_transactions"] = await transactions_of(view, row.document_id)
    return TraceNode(SERVICE, "receivable", receivable_id, document, _origins(row.document_kind, row.document_id))


async def _trace_transaction(view: View, transaction_id: str) -> TraceNode | None:
    found = await _with_entries(
        view, select(TRANSACTION.c.transaction_id).where(TRANSACTION.c.transaction_id == transaction_id)
    )
    if not found:
        return None
    origins = _origins(found[0]["document_kind"], found[0]["document_id"])
    return TraceNode(SERVICE, "ledger_transaction", transaction_id, found[0], origins)


async def _trace_reminder(view: View, reminder_id: str) -> TraceNode | None:
    row = await view.first(select(REMINDER).where(REMINDER.c.reminder_id == reminder_id))
    if row is None:
        return None
    document = _document(row, "account_no", "stage", "outstanding_fen", "business_date")
    return TraceNode(SERVICE, "reminder", reminder_id, document, (Origin(SERVICE, "receivable", row.receivable_id),))


def _origins(document_kind: str, document_id: str) -> tuple[Origin, ...]:
    if document_kind == "payment":
        return (Origin(SERVICE, "payment", document_id),)
    if document_kind in (*BILLED, CORRECTION):
        return (Origin("billing", document_kind, document_id),)
    return ()  # an opening receivable comes from the system before this one


def _document(row: Row[Any], *names: str) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in found.items()}
