"""Tariffs and the other documents that rating reads, over HTTP."""

from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import Path, Query, Request
from sqlalchemy import ColumnElement, select

from services.billing.adapters import rating_documents
from services.billing.adapters.rating_documents import TARIFF
from services.billing.adapters.tables import BILL, RATING_DOCUMENT
from services.billing.application import tariffs
from services.billing.application.context import Context
from services.billing.entrypoints import examples
from services.billing.entrypoints.schemas import (
    PATH,
    PATH_MAX,
    StoredOut,
    TariffDocumentOut,
    TariffOut,
    TouchedBill,
)
from shared import web
from shared.db.engine import View
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["tariffs"])
DocumentId = Annotated[str, Path(min_length=1, max_length=PATH_MAX, pattern=PATH)]
DocumentKind = Literal["series", "calendar", "table"]
Version = Annotated[int, Path(ge=1, le=999_999)]
READ, WRITE = auth.scope("billing:read"), auth.scope("billing:write")
RAISES = (tariffs.DocumentWrong, tariffs.NameMismatch, tariffs.VersionInUse)


@router.put("/tariffs/{tariff_id:path}/versions/{version}", policy=WRITE, raises=RAISES, example=examples.TARIFF)
async def put_tariff(
    tariff_id: DocumentId, version: Version, document: dict[str, Any], caller: auth.Current, db: web.Db
) -> StoredOut:
    """Store a version of a tariff; one that an issued bill used can never change."""
    async with db.begin() as tx:
        outcome = await tariffs.put(
            tx, kind=TARIFF, document_id=tariff_id, version=str(version), document=document, actor=caller.subject
        )
    return StoredOut(status="done" if outcome.status == "done" else "already_done")


@router.get("/tariffs/{tariff_id:path}/versions/{version}/touched-bills", policy=READ)
async def touched_by_version(
    tariff_id: DocumentId,
    version: Version,
    request: Request,
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
) -> pagination.Page[TouchedBill]:
    """List the issued bills of this version's days that were rated by another one: what a retroactive price touches."""
    context: Context = request.app.state.context
    async with db.view() as view:
        versions = (await context.books.current(view)).book.versions.get(tariff_id, ())
        found = next((t for t in versions if t.version == str(version)), None)
        if found is None:
            raise errors.not_found("tariff")
        return await _touched(view, rating_documents.touched_by_version(found), caller, wanted)


@router.get("/tariffs/{tariff_id:path}/versions/{version}", policy=READ)
async def get_tariff(tariff_id: DocumentId, version: Version, db: web.Db) -> TariffDocumentOut:
    """Return a version of a tariff with its content hash."""
    async with db.view() as view:
        row = await rating_documents.get(view, TARIFF, tariff_id, str(version))
    if row is None:
        raise errors.not_found("tariff")
    return TariffDocumentOut(**_head(row).model_dump(), document=orjson.loads(row.document))


@router.get("/tariffs", policy=READ)
async def list_tariffs(db: web.Db, wanted: pagination.Query_) -> pagination.Page[TariffOut]:
    """List all tariff versions."""
    d = RATING_DOCUMENT.c
    statement = select(RATING_DOCUMENT).where(d.kind == TARIFF, wanted.after(d.document_id, d.version))
    async with db.view() as view:
        rows = await view.all(statement.order_by(d.document_id, d.version).limit(wanted.fetch))
    return wanted.page(rows, key=lambda row: (row.document_id, row.version), item=_head)


@router.put("/rating-documents/{kind}/{document_id:path}", policy=WRITE, raises=RAISES, example=examples.CALENDAR)
async def put_document(
    kind: DocumentKind,
    document_id: DocumentId,
    document: dict[str, Any],
    caller: auth.Current,
    db: web.Db,
) -> StoredOut:
    """Store a price series, a calendar or a power factor table; a series grows month by month."""
    async with db.begin() as tx:
        outcome = await tariffs.put(
            tx, kind=kind, document_id=document_id, version="", document=document, actor=caller.subject
        )
    return StoredOut(status="done" if outcome.status == "done" else "already_done")


@router.get("/rating-documents/{kind}/{document_id:path}/touched-bills", policy=READ)
async def touched_by_document(
    kind: DocumentKind,
    document_id: DocumentId,
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    from_: Annotated[date, Query(alias="from", description="first day of what changed")],
    to: Annotated[date, Query(description="first day that is again as it was")],
) -> pagination.Page[TouchedBill]:
    """List the issued bills that read a series, calendar or table for days whose figures changed."""
    async with db.view() as view:
        if await rating_documents.get(view, kind, document_id, "") is None:
            raise errors.not_found(kind)
        condition = await rating_documents.touched_by_document(view, kind, document_id, from_, to)
        return await _touched(view, condition, caller, wanted)


async def _touched(
    view: View, condition: ColumnElement[bool], caller: auth.Caller, wanted: pagination.Wanted
) -> pagination.Page[TouchedBill]:
    b = BILL.c
    statement = select(BILL).where(caller.visible(b.org_unit), condition, wanted.after(b.bill_id))
    rows = await view.all(statement.order_by(b.bill_id).limit(wanted.fetch))
    return wanted.page(rows, key=lambda row: (row.bill_id,), item=_touched_bill)


def _touched_bill(row: Any) -> TouchedBill:
    used = [{"id": t[0], "version": t[1], "content_hash": t[2]} for t in orjson.loads(row.tariffs)]
    plain = (name for name in TouchedBill.model_fields if name != "tariffs")
    return TouchedBill(**{name: row._mapping[name] for name in plain}, tariffs=used)


def _head(row: Any) -> TariffOut:
    return TariffOut(
        tariff_id=row.document_id,
        version=row.version,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        content_hash=row.content_hash,
        used=row.used,
    )
