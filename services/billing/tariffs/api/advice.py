"""What can be asked of the rating without anything being stored: a preview, a check of a tariff, a comparison."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import Path, Query

from services.billing.rating.cases import advice
from services.billing.rating.published import FORMS
from services.billing.tariffs import examples
from services.billing.tariffs import use_cases as tariffs
from services.billing.tariffs.schemas import ValidOut
from services.billing.tariffs.store import documents as stored
from services.billing.tariffs.store import proposals
from shared import web
from shared.db.engine import Database
from shared.errors import BusinessError
from shared.regulation import packaged
from shared.web import auth, errors

router = web.Router("/v1", tags=["advice"])
READ = auth.scope("billing:read")
Proposal = Annotated[
    str | None,
    Query(
        pattern="^[0-9a-f]{64}$", description="content hash of a proposed document, which stands beside the stored ones"
    ),
]
SECONDS_MAX = 20.0  # a year of quarter-hours under several alternatives takes a few


class Malformed(BusinessError):
    status = 422
    code = "rating.malformed"
    title = "The body does not have the form that docs/rating-reference.md describes"


@router.post(
    "/bills/preview", policy=READ, raises=(Malformed,), seconds_max=SECONDS_MAX, heavy=True, example=examples.CASE
)
async def preview(case: dict[str, Any], db: web.Db, proposal: Proposal = None) -> dict[str, Any]:
    """Rate a case with the stored tariffs, and one that is proposed; a refusal is part of the answer."""
    return await _answer(db, lambda documents: advice.preview(case, documents, packaged.policies()), proposal)


@router.post(
    "/tariffs/validate", policy=READ, raises=(Malformed,), seconds_max=SECONDS_MAX, heavy=True, example=examples.TARIFF
)
async def validate(document: dict[str, Any], db: web.Db) -> ValidOut:
    """Check a tariff document, by itself and beside the stored versions of its id."""
    return ValidOut(**await _answer(db, lambda documents: advice.validate(document, documents)))


@router.post(
    "/bills/compare", policy=READ, raises=(Malformed,), seconds_max=SECONDS_MAX, heavy=True, example=examples.COMPARISON
)
async def compare(body: dict[str, Any], db: web.Db, proposal: Proposal = None) -> dict[str, Any]:
    """Compare alternatives of tariff, option and household over past cycles, with the running ladder."""
    return await _answer(db, lambda documents: advice.compare(body, documents), proposal)


@router.get("/forms/{name}", policy=READ)
async def form(name: Annotated[str, Path(max_length=64)]) -> dict[str, Any]:
    """Return the form of a document (tariff, table, case, comparison) or of a calculation's inputs, a JSON Schema.

    Documents are refused for what does not have it, so it knows every field, and nothing that is not in it is taken.
    """
    if name not in FORMS:
        raise errors.not_found("form")
    return dict(FORMS[name])


async def _answer(
    db: Database, ask: Callable[[list[Any]], dict[str, Any]], proposal: str | None = None
) -> dict[str, Any]:
    async with db.view() as view:
        row = await proposals.get(view, proposal) if proposal else None
        if proposal and row is None:
            raise errors.not_found("proposal")
        documents = await stored.documents(view)
    if row is not None:
        documents = tariffs.with_one(documents, row.kind, row.document_id, row.version, orjson.loads(row.document))
    try:
        return await asyncio.to_thread(ask, documents)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        # free JSON: what its reader knows it names by code, what it trips over beyond that is still the caller's
        raise Malformed from None
