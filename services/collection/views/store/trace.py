"""The documents of collection as a trace shows them: numbers, dates and amounts. What each was derived from the edges say."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import Row, select

from services.collection.late_fees.tables import LATE_FEE
from services.collection.ledger.store import credits, statements
from services.collection.ledger.tables import RECEIVABLE
from services.collection.payments import store as payment_store
from services.collection.payments.tables import ORDER
from services.collection.settlements.tables import SETTLEMENT
from services.collection.standings.tables import STANDING
from services.collection.steps.tables import STEP
from services.collection.supply.tables import CUT, CUT_ORDER
from shared.db.engine import View
from shared.trace import TraceNode

SERVICE = "collection"


async def _trace_payment(view: View, payment_id: str) -> TraceNode | None:
    row = await payment_store.payment(view, payment_id)
    if row is None:
        return None
    made = await credits.allocations(view, credit_id=payment_id)
    document = _document(row, "channel", "channel_txn", "amount_fen", "received_on", "status", "account_no")
    document["ledger_transactions"] = await statements.transactions_of(view, payment_id)
    document["allocations"] = [
        _document(one, "receivable_id", "amount_fen", "made_on", "cause_kind", "cause_id") for one in made
    ]
    return TraceNode(SERVICE, "payment", payment_id, document, org_unit=row.org_unit)


async def _trace_order(view: View, order_id: str) -> TraceNode | None:
    row = await view.first(select(ORDER).where(ORDER.c.order_id == order_id))
    if row is None:
        return None
    return TraceNode(
        SERVICE,
        "payment_order",
        order_id,
        _document(row, "account_no", "channel", "amount_fen", "created_on", "status"),
        org_unit=row.org_unit,
    )


async def _trace_late_fee(view: View, late_fee_id: str) -> TraceNode | None:
    row = await view.first(select(LATE_FEE).where(LATE_FEE.c.late_fee_id == late_fee_id))
    if row is None:
        return None
    names = ("account_no", "settled_on", "rule", "version", "amount_fen", "issued_on", "state")
    document = _document(row, *names)
    document["ledger_transactions"] = await statements.transactions_of(view, late_fee_id)
    return TraceNode(SERVICE, "late_fee", late_fee_id, document, org_unit=row.org_unit)


async def _trace_receivable(view: View, receivable_id: str) -> TraceNode | None:
    row = await view.first(select(RECEIVABLE).where(RECEIVABLE.c.receivable_id == receivable_id))
    if row is None:
        return None
    names = ("account_no", "cycle", "issued_on", "due_on", "amount_fen", "outstanding_fen", "status")
    document = _document(row, "document_kind", "document_id", *names)
    document["ledger_transactions"] = await statements.transactions_of(view, row.document_id)
    return TraceNode(SERVICE, "receivable", receivable_id, document, org_unit=row.org_unit)


async def _trace_transaction(view: View, transaction_id: str) -> TraceNode | None:
    found = await statements.transaction(view, transaction_id)
    if found is None:
        return None
    org_unit: str = found["org_unit"]
    return TraceNode(SERVICE, "ledger_transaction", transaction_id, found, org_unit=org_unit)


async def _trace_step(view: View, step_id: str) -> TraceNode | None:
    row = await view.first(select(STEP).where(STEP.c.step_id == step_id))
    if row is None:
        return None
    names = ("account_no", "case_no", "stage", "action", "track", "tone", "outstanding_fen", "business_date")
    return TraceNode(SERVICE, "reminder", step_id, _document(row, *names), org_unit=row.org_unit)


async def _trace_cut(view: View, cut_no: str) -> TraceNode | None:
    row = await view.first(select(CUT).where(CUT.c.cut_no == cut_no))
    if row is None:
        return None
    names = ("account_no", "case_no", "service_point_no", "state", "code", "outstanding_fen", "proposed_on", "told_on")
    return TraceNode(SERVICE, "cut", cut_no, _document(row, *names), org_unit=row.org_unit)


async def _trace_supply_order(view: View, order_no: str) -> TraceNode | None:
    row = await view.first(select(CUT_ORDER).where(CUT_ORDER.c.order_no == order_no))
    if row is None:
        return None
    document = _document(row, "service_point_no", "action", "asked_on")
    return TraceNode(SERVICE, "supply_order", order_no, document, org_unit=row.org_unit)


async def _trace_settlement(view: View, closing_no: str) -> TraceNode | None:
    row = await view.first(select(SETTLEMENT).where(SETTLEMENT.c.closing_no == closing_no))
    if row is None:
        return None
    names = ("account_no", "bill_id", "state", "ended_on", "billed_on", "settled_on", "paid_out_fen", "kept_fen")
    document = _document(row, *names, "decided_by")
    return TraceNode(SERVICE, "settlement", closing_no, document, org_unit=row.org_unit)


async def _trace_standing(view: View, account_no: str) -> TraceNode | None:
    row = await view.first(select(STANDING).where(STANDING.c.account_no == account_no))
    if row is None:
        return None
    names = ("standing", "since", "judged_on", "due_from", "due_count", "late_count", "owed_late_count")
    return TraceNode(SERVICE, "standing", account_no, _document(row, *names), org_unit=row.org_unit)


def _document(row: Row[Any], *names: str) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in found.items()}


TRACERS: Mapping[str, Callable[[View, str], Awaitable[TraceNode | None]]] = {
    "payment": _trace_payment,
    "payment_order": _trace_order,
    "receivable": _trace_receivable,
    "ledger_transaction": _trace_transaction,
    "cut": _trace_cut,
    "late_fee": _trace_late_fee,
    "reminder": _trace_step,
    "settlement": _trace_settlement,
    "standing": _trace_standing,
    "supply_order": _trace_supply_order,
}
