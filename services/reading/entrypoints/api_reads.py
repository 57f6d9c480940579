"""Routes by which reads and curves come in, and are corrected."""

from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from services.reading.adapters import queries
from services.reading.application import corrections, curves, reads, unread
from services.reading.application.reads import OUTCOME_WORDS, READ_SOURCES, Uploader
from services.reading.entrypoints import batches, examples, schemas
from services.reading.entrypoints.context import Context, Own
from services.reading.entrypoints.schemas import ReadId
from shared import web
from shared.db.engine import Tx
from shared.outcome import Outcome
from shared.web import auth, devices, errors, state

router = web.Router("/v1", tags=["reads"])
FROM_DEVICES = frozenset({"remote"})
WORDS = dict(OUTCOME_WORDS)

BATCH_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": batches.batch_schema(), "example": examples.READS}},
    }
}
CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string", "maxLength": 1_000_000},
                "example": examples.CSV,
            }
        },
    }
}


async def _uploader(tx: Tx, caller: auth.Caller, kind: str, message_id: str, route_no: str | None = None) -> Uploader:
    """Return who brings reads. A device is bound to its meter or org unit, and its message counts once."""
    if caller.device is None:
        return Uploader(kind, caller.subject, message_id, caller.may_see, READ_SOURCES, route_no=route_no)
    await devices.remember_nonce(tx, caller.device)
    message_id = message_id or caller.device.nonce
    return Uploader("device", caller.subject, message_id, caller.may_see, FROM_DEVICES, meter_no=caller.meter_no)


async def _record(tx: Tx, items: list[reads.ReadItem], uploader: Uploader, own: Context) -> list[Outcome]:
    return await reads.record(tx, items=items, uploader=uploader, policies=own.policies, zone=own.zone)


def _answer(outcomes: list[Outcome], current: web.Web) -> Response:
    counter = current.metrics.counter("reads_total")
    for status in {outcome.status for outcome in outcomes}:
        counter.labels(status).inc(sum(outcome.status == status for outcome in outcomes))
    return web.Json(schemas.answer(outcomes, WORDS))


@router.post(
    "/reads",
    policy=auth.device(or_scope="reading:upload"),
    raises=(devices.ReplayedMessage,),
    media_types=("application/json",),
    openapi_extra=BATCH_BODY,
    response_model=schemas.Answer,
)
async def post_reads(request: Request, caller: auth.Current, db: web.Db, own: Own, current: state.Current) -> Response:
    """Take up to 1,000 reads, each answered by itself, durable before the answer.

    A read is all registers of one meter at one instant. The read of the day of a reading task closes the period. A device brings
    reads of source `remote`; a person also `site` and `self`.
    """
    items, outcomes, message_id = batches.parse_json(await request.body())
    async with db.begin() as tx:
        uploader = await _uploader(tx, caller, "person", message_id)
        found = await _record(tx, items, uploader, own)
    return _answer(batches.merge(outcomes, found), current)


@router.post(
    "/reads/csv",
    policy=auth.scope("reading:upload"),
    media_types=("text/csv",),
    openapi_extra=CSV_BODY,
    response_model=schemas.Answer,
)
async def post_csv(
    request: Request,
    caller: auth.Current,
    db: web.Db,
    own: Own,
    current: state.Current,
    route_no: Annotated[schemas.No, Query(description="The route that was read; other meters are refused.")],
) -> Response:
    """Take the reads of a manual route from a CSV file of up to 1,000 rows; a row is answered like an item of a batch."""
    items, outcomes = batches.parse_csv(await request.body())
    async with db.begin() as tx:
        uploader = await _uploader(tx, caller, "csv", "", route_no)
        found = await _record(tx, items, uploader, own)
    return _answer(batches.merge(outcomes, found), current)


@router.put(
    "/unread-reasons",
    policy=auth.scope("reading:upload"),
    example=examples.UNREAD_REASONS,
    response_model=schemas.Answer,
)
async def put_unread_reasons(body: schemas.UnreadReasons, caller: auth.Current, db: web.Db) -> Response:
    """Note why up to 1,000 points could not be read (未抄原因); their estimates carry the reason."""
    items = [unread.Unread(**item.model_dump()) for item in body.items]
    async with db.begin() as tx:
        outcomes = await unread.put(tx, items, actor=caller.subject, may_see=caller.may_see)
    return web.Json(schemas.answer(outcomes))


@router.post(
    "/curves",
    policy=auth.device(or_scope="reading:upload"),
    raises=(devices.ReplayedMessage,),
    example=examples.CURVES,
    response_model=schemas.Answer,
)
async def post_curves(body: schemas.Curves, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Take up to 1,000 day curves of half or quarter hours, each answered by itself."""
    given = [curves.Curve(**item.model_dump()) for item in body.items]
    async with db.begin() as tx:
        uploader = await _uploader(tx, caller, "person", "")
        outcomes = await curves.record(tx, curves=given, uploader=uploader, zone=own.zone)
    return web.Json(schemas.answer(outcomes, WORDS))


@router.post(
    "/reads/{read_id}/correction",
    policy=auth.scope("reading:write"),
    raises=(corrections.UnknownRead, corrections.BadCorrection, corrections.RunsBackwards),
    example=examples.CORRECTION,
)
async def post_correction(
    read_id: Annotated[ReadId, Path()],
    body: schemas.CorrectionIn,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> schemas.OutcomeOut:
    """Correct a read: what was received stays, usages that change get their next version."""
    correction = corrections.Correction(
        read_id=read_id, registers=body.registers, unit=body.unit, reason=body.reason, actor=caller.subject
    )
    async with db.begin() as tx:
        outcome = await corrections.correct(
            tx, correction, may_see=caller.may_see, policies=own.policies, zone=own.zone
        )
    return schemas.OutcomeOut(index=0, status=outcome.status, id=outcome.id)


@router.get("/reads/{read_id}", policy=auth.scope("reading:read"))
async def get_read(read_id: Annotated[ReadId, Path()], caller: auth.Current, db: web.Db, own: Own) -> schemas.ReadOut:
    """Return a read with its corrections and the upload that brought it."""
    async with db.view() as view:
        document = await queries.read_document(view, read_id)
        org_unit = await queries.org_unit_of_meter(view, document["meter_no"]) if document else None
    if document is None or org_unit is None or not caller.may_see(org_unit):
        raise errors.not_found("read")
    return schemas.ReadOut(**document)
