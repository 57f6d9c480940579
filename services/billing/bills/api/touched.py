"""Which bills a change of rating's documents touches, over HTTP."""

from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import ColumnElement, and_

from services.billing.bills.api.bills import used
from services.billing.bills.schemas import TouchedBill
from services.billing.bills.store import touched
from services.billing.context import Own
from services.billing.tariffs.api.documents import READ, DocumentId, DocumentKind, Version
from services.billing.tariffs.store import documents
from shared import web
from shared.db.engine import View
from shared.fields import Day
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["tariffs"])


@router.get("/tariffs/{tariff_id:path}/versions/{version}/touched-bills", policy=READ)
async def touched_by_version(
    tariff_id: DocumentId,
    version: Version,
    own: Own,
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
) -> pagination.Page[TouchedBill]:
    """List the issued bills of this version's days that were rated by another one: what a retroactive price touches."""
    async with db.view() as view:
        versions = (await own.books.current(view)).book.versions.get(tariff_id, ())
        found = next((t for t in versions if t.version == str(version)), None)
        if found is None:
            raise errors.not_found("tariff")
        return await _touched(view, and_(touched.is_issued(), touched.by_version(found)), caller, wanted)


@router.get("/rating-documents/{kind}/{document_id:path}/touched-bills", policy=READ)
async def touched_by_document(
    kind: DocumentKind,
    document_id: DocumentId,
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    from_: Annotated[Day, Query(alias="from", description="first day of what changed")],
    to: Annotated[Day, Query(description="first day that is again as it was")],
) -> pagination.Page[TouchedBill]:
    """List the issued bills that read a series, calendar or table for days whose figures changed."""
    async with db.view() as view:
        if await documents.get(view, kind, document_id, "") is None:
            raise errors.not_found(kind)
        condition = await touched.by_document(view, kind, document_id, from_, to)
        return await _touched(view, and_(touched.is_issued(), condition), caller, wanted)


async def _touched(
    view: View, condition: ColumnElement[bool], caller: auth.Caller, wanted: pagination.Wanted
) -> pagination.Page[TouchedBill]:
    rows = await touched.page(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, touched=condition)
    return wanted.page(rows, key=lambda row: (row.bill_id,), item=_touched_bill)


def _touched_bill(row: Any) -> TouchedBill:
    plain = (name for name in TouchedBill.model_fields if name != "tariffs")
    return TouchedBill(**{name: row._mapping[name] for name in plain}, tariffs=used(row.tariffs))
