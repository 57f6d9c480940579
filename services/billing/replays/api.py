"""Replays over HTTP."""

from typing import Annotated

from fastapi import Path

from services.billing.bills.store import shown
from services.billing.context import Own
from services.billing.replays import store
from services.billing.replays.schemas import ReplayOut, Result, SampledOut
from services.billing.replays.use_cases import documents
from shared import web
from shared.events.fact import MAX_NO
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["replays"])
READ = auth.scope("billing:read")


@router.get("/bills/{bill_id}/replay", policy=READ, heavy=True)
async def replay(
    bill_id: Annotated[str, Path(min_length=1, max_length=MAX_NO)], own: Own, caller: auth.Current, db: web.Db
) -> ReplayOut:
    """Calculate a bill again from what is stored, with every later document of it, and compare them; nothing is written."""
    async with db.view(snapshot=True) as view:
        row = await shown.bill(view, bill_id)
        if row is None or not caller.may_see(row.org_unit):
            raise errors.not_found("bill")
        found = await documents.of_bill(view, bill_id, context=own)
    assert found is not None
    return ReplayOut.of(bill_id, found)


@router.get("/replays", policy=READ)
async def list_replays(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, result: Result | None = None
) -> pagination.Page[SampledOut]:
    """List the bills that the daily job has drawn and calculated again, and what came out last."""
    async with db.view() as view:
        rows = await store.page(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, result=result)
    return wanted.page(rows, key=lambda row: (row.bill_id,), item=SampledOut.of)
