"""What documents of collection were derived from: bills and other documents of billing, orders, receivables, approvals."""

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Table, func, select

from services.collection.late_fees.tables import LATE_FEE as FEES
from services.collection.late_fees.tables import LINE
from services.collection.ledger.domain.documents import BILLED, CORRECTION, LATE_FEE, OPENING, PAYMENT, PAYOUT, REVERSED
from services.collection.ledger.domain.policy import CUTTING, OPENING_RECEIVABLE, PAYING_OUT, RESOLUTION, REVERSAL
from services.collection.ledger.tables import ALLOCATION, RECEIVABLE, TRANSACTION
from services.collection.payments.tables import PAYMENT as PAYMENT_TABLE
from services.collection.settlements.tables import SETTLEMENT
from services.collection.standings.tables import STANDING
from services.collection.steps.tables import STEP, STEP_DEBT
from services.collection.supply.tables import CUT, CUT_DEBT, CUT_ORDER
from shared.db import approvals
from shared.db.edges import Edge, Edges

SERVICE: Final = "collection"
BILLING: Final = "billing"
_P, _R, _T, _S, _F = PAYMENT_TABLE.c, RECEIVABLE.c, TRANSACTION.c, SETTLEMENT.c, FEES.c
_OTHER: Final = ALLOCATION.alias("other")


def _of_document(kind: str, table: Table, id: ColumnElement[Any], service: str, of: str, document_kind: str) -> Edge:
    """Return the edge to what was posted for a kind of document."""
    return Edge(
        kind=kind,
        service=service,
        origin_kind=of,
        id=id,
        origin_id=table.c.document_id,
        org_unit=table.c.org_unit,
        where=table.c.document_kind == document_kind,
    )


def _approved(kind: str, source: FromClause, id: ColumnElement[Any], subject: ColumnElement[Any], *kinds: str) -> Edge:
    """Return the edge from approvals about a document."""
    return approvals.edge(
        kind,
        service=SERVICE,
        source=source,
        id=id,
        org_unit=source.c.org_unit,
        kinds=kinds,
        about=lambda approval: approval.c.subject_id == subject,
    )


def _settles_now() -> ColumnElement[bool]:
    """Return the condition that money settles a receivable: not all of it was released again."""
    same = (_OTHER.c.credit_id == ALLOCATION.c.credit_id, _OTHER.c.receivable_id == ALLOCATION.c.receivable_id)
    return select(func.sum(_OTHER.c.amount_fen)).where(*same).scalar_subquery() != 0


EDGES: Final[Edges] = (
    *(_of_document("receivable", RECEIVABLE, _R.receivable_id, BILLING, kind, kind) for kind in BILLED),
    _of_document("receivable", RECEIVABLE, _R.receivable_id, SERVICE, "settlement", PAYOUT),
    *(
        _of_document("ledger_transaction", TRANSACTION, _T.transaction_id, BILLING, kind, kind)
        for kind in (*BILLED, CORRECTION)
    ),
    _of_document("ledger_transaction", TRANSACTION, _T.transaction_id, SERVICE, "payment", PAYMENT),
    _of_document("ledger_transaction", TRANSACTION, _T.transaction_id, SERVICE, "settlement", PAYOUT),
    _of_document("receivable", RECEIVABLE, _R.receivable_id, SERVICE, "late_fee", LATE_FEE),
    _of_document("ledger_transaction", TRANSACTION, _T.transaction_id, SERVICE, "late_fee", LATE_FEE),
    Edge(
        kind="cut",
        service=SERVICE,
        origin_kind="receivable",
        id=CUT.c.cut_no,
        origin_id=CUT_DEBT.c.receivable_id,
        org_unit=CUT.c.org_unit,
        source=CUT.join(CUT_DEBT, CUT_DEBT.c.cut_no == CUT.c.cut_no),
    ),
    Edge(
        kind="supply_order",
        service=SERVICE,
        origin_kind="cut",
        id=CUT_ORDER.c.order_no,
        origin_id=CUT_ORDER.c.cut_no,
        org_unit=CUT_ORDER.c.org_unit,
    ),
    _approved("cut", CUT, CUT.c.cut_no, CUT.c.cut_no, CUTTING),
    Edge(
        kind="late_fee",
        service=SERVICE,
        origin_kind="receivable",
        id=_F.late_fee_id,
        origin_id=LINE.c.receivable_id,
        org_unit=_F.org_unit,
        source=FEES.join(LINE, LINE.c.late_fee_id == _F.late_fee_id),
    ),
    Edge(
        kind="payment",
        service=SERVICE,
        origin_kind="payment_order",
        id=_P.payment_id,
        origin_id=_P.order_id,
        org_unit=_P.org_unit,
    ),
    Edge(
        kind="payment",
        service=SERVICE,
        origin_kind="receivable",
        id=_P.payment_id,
        origin_id=ALLOCATION.c.receivable_id,
        org_unit=_P.org_unit,
        source=PAYMENT_TABLE.join(ALLOCATION, ALLOCATION.c.credit_id == _P.payment_id),
        where=_settles_now(),
    ),
    Edge(
        kind="reminder",
        service=SERVICE,
        origin_kind="receivable",
        id=STEP.c.step_id,
        origin_id=STEP_DEBT.c.receivable_id,
        org_unit=STEP.c.org_unit,
        source=STEP.join(STEP_DEBT, STEP_DEBT.c.step_id == STEP.c.step_id),
    ),
    Edge(
        kind="settlement",
        service=BILLING,
        origin_kind="closing",
        id=_S.closing_no,
        origin_id=_S.closing_no,
        org_unit=_S.org_unit,
    ),
    Edge(
        kind="settlement",
        service=BILLING,
        origin_kind="bill",
        id=_S.closing_no,
        origin_id=_S.bill_id,
        org_unit=_S.org_unit,
    ),
    Edge(
        kind="standing",
        service=SERVICE,
        origin_kind="receivable",
        id=STANDING.c.account_no,
        origin_id=_R.receivable_id,
        org_unit=STANDING.c.org_unit,
        source=STANDING.join(RECEIVABLE, _R.account_no == STANDING.c.account_no),
        where=(_R.due_on >= STANDING.c.due_from) & (_R.due_on <= STANDING.c.judged_on) & (_R.status != REVERSED),
    ),
    _approved("payment", PAYMENT_TABLE, _P.payment_id, _P.payment_id, REVERSAL, RESOLUTION),
    _approved("settlement", SETTLEMENT, _S.closing_no, _S.closing_no, PAYING_OUT),
    approvals.edge(
        "receivable",
        service=SERVICE,
        source=RECEIVABLE,
        id=_R.receivable_id,
        org_unit=_R.org_unit,
        kinds=(OPENING_RECEIVABLE,),
        about=lambda approval: (approval.c.subject_id == _R.document_id) & (_R.document_kind == OPENING),
    ),
)
"""All of them, of which a reversed bill's, a correction's and a payment's entries are ledger transactions."""
