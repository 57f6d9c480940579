"""Tariffs and the other documents that rating reads, over HTTP."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import Path

from services.billing.base import PATH
from services.billing.tariffs.schemas import RatingChangeOut, TariffDocumentOut, TariffOut
from services.billing.tariffs.store import changes, documents
from services.billing.tariffs.store.documents import TARIFF
from shared import web
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["tariffs"])
DOCUMENT_ID_MAX = 140  # with kind and version it is the subject of an approval
DocumentId = Annotated[str, Path(min_length=1, max_length=DOCUMENT_ID_MAX, pattern=PATH)]
DocumentKind = Literal["series", "calendar", "table"]
Version = Annotated[int, Path(ge=1, le=999_999)]
READ = auth.scope("billing:read")


@router.get("/tariffs/{tariff_id:path}/versions/{version}", policy=READ)
async def get_tariff(tariff_id: DocumentId, version: Version, db: web.Db) -> TariffDocumentOut:
    """Return a version of a tariff with its content hash."""
    async with db.view() as view:
        row = await documents.get(view, TARIFF, tariff_id, str(version))
    if row is None:
        raise errors.not_found("tariff")
    return TariffDocumentOut(**_head(row).model_dump(), document=orjson.loads(row.document))


@router.get("/tariffs", policy=READ)
async def list_tariffs(db: web.Db, wanted: pagination.Query_) -> pagination.Page[TariffOut]:
    """List all tariff versions."""
    async with db.view() as view:
        rows = await documents.page_of_tariffs(view, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.document_id, row.version), item=_head)


@router.get("/rating-changes", policy=READ)
async def list_changes(db: web.Db, wanted: pagination.Query_) -> pagination.Page[RatingChangeOut]:
    """List the documents that were put, oldest first, with the days that they changed and whether all bills have followed."""
    async with db.view() as view:
        rows = await changes.page(view, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.change_id,), item=_change)


def _change(row: Any) -> RatingChangeOut:
    return RatingChangeOut(**{"from": row.from_date, "to": row.to_date, **row._mapping})


def _head(row: Any) -> TariffOut:
    return TariffOut(
        tariff_id=row.document_id,
        version=row.version,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        content_hash=row.content_hash,
        used=row.used,
    )
