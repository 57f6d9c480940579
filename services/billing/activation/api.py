"""Putting the documents that rating reads, over HTTP: proposed by one person, activated by another."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import Path
from pydantic import BaseModel
from starlette.responses import Response

from services.billing.activation import use_cases
from services.billing.context import Own
from services.billing.tariffs import examples
from services.billing.tariffs import use_cases as tariffs
from services.billing.tariffs.api.documents import READ, DocumentId, DocumentKind, Version
from services.billing.tariffs.store import proposals
from services.billing.tariffs.store.documents import TARIFF
from shared import approvals, web
from shared.db.approvals import Approval
from shared.web import auth, errors
from shared.web.approvals import ASKED, asked

router = web.Router("/v1", tags=["tariffs"])
WRITE = auth.scope("billing:write", whole_utility=True)
RAISES = (tariffs.DocumentWrong, tariffs.NameMismatch, tariffs.VersionInUse, approvals.AskedAlready)


class StoredOut(BaseModel):
    status: Literal["done", "already_done"]


class ProposalOut(BaseModel):
    kind: str
    document_id: str
    version: str
    content_hash: str
    document: dict[str, Any]


@router.put(
    "/tariffs/{tariff_id:path}/versions/{version}",
    policy=WRITE,
    raises=RAISES,
    responses=ASKED,
    response_model=StoredOut,
    example=examples.TARIFF,
)
async def put_tariff(
    tariff_id: DocumentId, version: Version, document: dict[str, Any], own: Own, caller: auth.Current, db: web.Db
) -> Response:
    """Propose a version of a tariff; one that an issued bill used can never change.

    202: nothing is rated by it until somebody else activates it (`/v1/approvals`), who sees how many issued bills it touches.
    """
    return await _put(TARIFF, tariff_id, str(version), document, own, caller, db)


@router.put(
    "/rating-documents/{kind}/{document_id:path}",
    policy=WRITE,
    raises=RAISES,
    responses=ASKED,
    response_model=StoredOut,
    example=examples.CALENDAR,
)
async def put_document(
    kind: DocumentKind, document_id: DocumentId, document: dict[str, Any], own: Own, caller: auth.Current, db: web.Db
) -> Response:
    """Propose a price series, a calendar or a power factor table, as a tariff is; a series grows month by month."""
    return await _put(kind, document_id, "", document, own, caller, db)


@router.get("/rating-proposals/{content_hash}", policy=READ)
async def get_proposal(content_hash: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], db: web.Db) -> ProposalOut:
    """Return a document that was proposed, by the content hash that its approval names; `?proposal=` of a preview rates by it."""
    async with db.view() as view:
        row = await proposals.get(view, content_hash)
    if row is None:
        raise errors.not_found("proposal")
    return ProposalOut(**dict(row._mapping) | {"document": orjson.loads(row.document)})


async def _put(
    kind: str, document_id: str, version: str, document: dict[str, Any], own: Own, caller: auth.Caller, db: web.Db
) -> Response:
    async with db.begin() as tx:
        found = await use_cases.put(
            tx,
            kind=kind,
            document_id=document_id,
            version=version,
            document=document,
            actor=caller.subject,
            context=own,
        )
    if isinstance(found, Approval):
        return asked(found)
    return web.Json({"status": found.status})
