"""Replays over HTTP."""

from typing import Annotated

from fastapi import Path

from services.billing.context import Own
from services.billing.replays import store
from services.billing.replays.schemas import ReplayOut, Result, SampledOut
from services.billing.replays.use_cases import documents, recomputing
from shared import web
from shared.events.fact import MAX_NO
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["replays"])
READ = auth.scope("billing:read")


@router.get("/replays/{document_id}", policy=READ, heavy=True)
async def replay(
    document_id: Annotated[str, Path(min_length=1, max_length=MAX_NO)], own: Own, caller: auth.Current, db: web.Db
) -> ReplayOut:
    """Calculate a bill again from what is stored, with every later document of it, and compare them; nothing is written.

    Or another document alone: a correction with its differences, an adjustment, a charge, a final bill by its closing.
    """
    async with db.view(snapshot=True) as view:
        found = (await documents.by_id(view, [document_id], context=own)).get(document_id)
        if found is None or not caller.may_see(found.org_unit):
            raise errors.not_found("document")
        replayed = found.replayed
        if found.kind == recomputing.BILL:
            replayed = await documents.of_bill(view, document_id, context=own) or ()
    return ReplayOut.of(document_id, replayed)


@router.get("/replays", policy=READ)
async def list_replays(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, result: Result | None = None
) -> pagination.Page[SampledOut]:
    """List the documents that the daily job has drawn and calculated again, and what came out last."""
    async with db.view() as view:
        rows = await store.page(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, result=result)
    return wanted.page(rows, key=lambda row: (row.document_id,), item=SampledOut.of)
