"""Control totals of a cycle, and the business gauges."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, exists, func, literal, select, union_all

from services.collection.ledger.domain.documents import BILL, BILLED, OF_NO_CYCLE, OPEN, REVERSED, Debt
from services.collection.ledger.domain.transactions import ISSUE
from services.collection.ledger.tables import ENTRY, LEDGER_SUBTOTAL, RECEIVABLE, TRANSACTION
from services.collection.payments.domain import SUSPENSE
from services.collection.payments.tables import PAYMENT
from services.collection.receivables import store as receivables
from services.collection.receivables.tables import WAITING
from services.collection.supply import store as supply
from shared import civil
from shared.db.engine import View


async def control_totals(view: View, cycle: str) -> dict[str, int]:
    """Return what was posted of a cycle's bills, differences, adjustments and charges: what billing issued must be here, or wait.

    `documents_posted` and `posted_fen` are of documents that stand, `documents_reversed` and `reversed_fen` of those taken
    back. What waits counts as it will be once posted: a correction counts with what it adds and takes back.
    """
    reversed_ = RECEIVABLE.c.status == REVERSED
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
            WAITING.c.kind.in_((BILL, *OF_NO_CYCLE)), WAITING.c.cycle == cycle
        )
    )
    imbalance = await view.first(select(_sum(ENTRY.c.amount_fen).label("ledger_imbalance_fen")))
    rows = [row._mapping for row in (totals, waiting, imbalance) if row is not None]
    found = {name: int(value) for row in rows for name, value in row.items()} | {"reversed_waiting_fen": 0}
    found["supply_orders"] = await supply.orders_asked(view, *civil.month(cycle))
    async for correction in receivables.waiting_corrections(view):
        added = _of_cycle(correction.issued, cycle)
        taken = _of_cycle(correction.reversed_, cycle)
        found["documents_waiting"] += len(added) - len(taken)
        found["waiting_fen"] += sum(added) - sum(taken)
        found["reversed_waiting_fen"] += sum(taken)
    return found


def _of_cycle(debts: Sequence[Debt], cycle: str) -> list[int]:
    return [debt.total_fen for debt in debts if debt.cycle == cycle]


def _sum(value: Any) -> Any:
    return func.coalesce(func.sum(value), 0)


async def gauges(view: View, now: datetime) -> Mapping[str, float]:
    """Return the business gauges; the first must be 0."""
    side = LEDGER_SUBTOTAL.c  # of the entries it is reckoned at night: a scrape must not read all of them
    imbalance = await view.scalar(select(_sum(side.debit_fen - side.credit_fen)))
    outstanding = await view.scalar(select(_sum(RECEIVABLE.c.outstanding_fen)).where(RECEIVABLE.c.status == OPEN))
    suspense = await view.scalar(select(_sum(PAYMENT.c.amount_fen)).where(PAYMENT.c.status == SUSPENSE))
    oldest = await view.scalar(select(func.min(PAYMENT.c.recorded_at)).where(PAYMENT.c.status == SUSPENSE))
    return {
        "ledger_imbalance_fen": float(imbalance),
        "receivables_open_fen": float(outstanding),
        "suspense_fen": float(suspense),
        "suspense_oldest_age_seconds": 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0),
    }


async def supply_orders(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the supply orders that were asked for in a month behind a number, as reading must have them."""
    return await supply.asked_in(view, *civil.month(cycle), after=after, limit=limit)


async def documents(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the documents of billing of a cycle behind an id that are posted, or wait for their account."""
    r, w, t = RECEIVABLE.c, WAITING.c, TRANSACTION.c
    in_group = exists().where(
        t.document_id == r.document_id, t.document_kind == r.document_kind, t.kind == ISSUE, t.group_id != ""
    )
    posted = (
        select(
            r.document_id.label("id"),
            r.account_no.label("subject"),
            r.amount_fen.label("amount"),
            (r.status != REVERSED).label("stands"),
            in_group.label("corrects"),
        )
        .where(r.cycle == cycle, r.document_kind.in_(BILLED), r.document_id > after)
        .order_by(r.document_id)
        .limit(limit)
    )
    waiting = (
        select(
            w.document_id.label("id"),
            w.waiting_for.label("subject"),
            w.amount_fen.label("amount"),
            literal(True).label("stands"),
            literal(False).label("corrects"),
        )
        .where(w.cycle == cycle, w.kind.in_((BILL, *OF_NO_CYCLE)), w.document_id > after)
        .order_by(w.document_id)
        .limit(limit)
    )
    both = union_all(select(posted.subquery()), select(waiting.subquery())).subquery()
    return await view.all(select(both).order_by(both.c.id).limit(limit))
