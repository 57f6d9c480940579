"""Routes of what customers owe: opening receivables come in, all receivables are listed."""

from typing import Literal

from starlette.responses import Response

from services.collection.context import READ, WRITE, Own
from services.collection.ledger.domain.documents import BILLED, OPENING, Debt
from services.collection.ledger.store import loading, receivables
from services.collection.receivables import examples, schemas
from services.collection.receivables.use_cases import openings as use_cases
from shared import web
from shared.fields import Day, Month
from shared.web import auth, batch, pagination
from shared.web.batch import DerivedFrom, No

router = web.Router("/v1", tags=["receivables"])


@router.put("/opening-receivables", policy=WRITE, example=examples.OPENINGS, response_model=batch.OutcomesOut)
async def put_openings(body: schemas.OpeningBatchIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Post what customers owed when the utility went live; each item is answered by itself."""
    openings = [
        Debt(
            document_kind=OPENING,
            document_id=item.document_no,
            account_no=item.account_no,
            cycle="",
            issued_on=item.issued_on,
            due_on=item.due_on,
            posted_on=item.posted_on,
            total_fen=item.amount_fen,
            components=(),
            route_no=item.route_no or "",
        )
        for item in body.items
    ]
    async with db.begin() as tx:
        outcomes = await use_cases.post_openings(
            tx, policy=own.policy, openings=openings, today=own.today(), actor=caller.subject, units=caller.org_units
        )
    return batch.answer(outcomes)


@router.get("/receivables", policy=READ)
async def list_receivables(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: No | None = None,
    cycle: Month | None = None,
    status: Literal["open", "cleared", "reversed"] | None = None,
    due_before: Day | None = None,
    document_id: No | None = None,
) -> pagination.Page[schemas.ReceivableOut]:
    """List receivables of the caller's org units."""
    async with db.view() as view:
        rows = await receivables.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            cycle=cycle,
            status=status,
            due_before=due_before,
            document_id=document_id,
        )
    return wanted.page(
        rows,
        key=lambda row: (row.receivable_id,),
        item=lambda row: schemas.ReceivableOut(
            **row._mapping, derived_from=_origin(row.document_kind, row.document_id)
        ),
    )


@router.get("/posted-documents", policy=READ)
async def list_posted(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, account_no: No
) -> pagination.Page[schemas.PostedDocumentOut]:
    """List what billing has issued to an account as it is posted, so that billing can take them back after a restore."""
    async with db.view() as view:
        rows = await receivables.posted(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, account_no=account_no
        )
        parts = await loading.components(view, [row.document_id for row in rows])
    return wanted.page(
        rows,
        key=lambda row: (row.document_id,),
        item=lambda row: schemas.PostedDocumentOut(
            **row._mapping,
            components=[
                schemas.PostedComponent(component=name, amount_fen=fen) for name, fen in parts[row.document_id]
            ],
        ),
    )


def _origin(document_kind: str, document_id: str) -> list[DerivedFrom]:
    if document_kind not in BILLED:
        return []
    return [DerivedFrom(service="billing", kind=document_kind, id=document_id)]
