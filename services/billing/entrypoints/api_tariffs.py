"""Tariffs and the other documents that rating reads, over HTTP."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import Path
from sqlalchemy import select

from services.billing.adapters import rating_documents
from services.billing.adapters.rating_documents import TARIFF
from services.billing.adapters.tables import RATING_DOCUMENT
from services.billing.application import tariffs
from services.billing.entrypoints import examples
from services.billing.entrypoints.schemas import PATH, PATH_MAX, StoredOut, TariffDocumentOut, TariffOut
from shared import web
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["tariffs"])
DocumentId = Annotated[str, Path(min_length=1, max_length=PATH_MAX, pattern=PATH)]
Version = Annotated[int, Path(ge=1, le=999_999)]
WRITE = auth.scope("billing:write")
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


@router.get("/tariffs/{tariff_id:path}/versions/{version}", policy=auth.scope("billing:read"))
async def get_tariff(tariff_id: DocumentId, version: Version, db: web.Db) -> TariffDocumentOut:
    """Return a version of a tariff with its content hash."""
    async with db.read() as read:
        row = await rating_documents.get(read, TARIFF, tariff_id, str(version))
    if row is None:
        raise errors.not_found("tariff")
    return TariffDocumentOut(**_head(row).model_dump(), document=orjson.loads(row.document))


@router.get("/tariffs", policy=auth.scope("billing:read"))
async def list_tariffs(db: web.Db, wanted: pagination.Query_) -> pagination.Page[TariffOut]:
    """List all tariff versions."""
    d = RATING_DOCUMENT.c
    statement = select(RATING_DOCUMENT).where(d.kind == TARIFF, wanted.after(d.document_id, d.version))
    async with db.read() as read:
        rows = await read.all(statement.order_by(d.document_id, d.version).limit(wanted.fetch))
    return wanted.page(rows, key=lambda row: (row.document_id, row.version), item=_head)


@router.put("/rating-documents/{kind}/{document_id:path}", policy=WRITE, raises=RAISES, example=examples.CALENDAR)
async def put_document(
    kind: Literal["series", "calendar", "table"],
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


def _head(row: Any) -> TariffOut:
    return TariffOut(
        tariff_id=row.document_id,
        version=row.version,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        content_hash=row.content_hash,
        used=row.used,
    )
