"""Routes by which reads come in, are corrected and are looked at."""

from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from services.reading.context import PUSH, READ, UPLOAD, WRITE, Context, Own
from services.reading.intake import examples, schemas
from services.reading.intake.api import batches, csv_files
from services.reading.intake.api.uploading import WORDS, uploader
from services.reading.intake.use_cases import corrections, intake
from services.reading.intake.use_cases.intake import Uploader
from services.reading.network.schemas import MeterNo, No, ReadId
from services.reading.network.store.meters import org_unit_of_meter
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import documents, waiting
from shared import web
from shared.db.engine import Tx
from shared.outcome import Outcome
from shared.web import auth, batch, devices, errors, pagination, state
from shared.web.batch import OutcomeOut, OutcomesOut

router = web.Router("/v1", tags=["reads"])


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


async def _record(
    tx: Tx, items: list[intake.ReadItem], outcomes: list[Outcome | None], by: Uploader, own: Context
) -> list[Outcome]:
    malformed = len(outcomes) - len(items)
    found = await intake.record(tx, items=items, malformed=malformed, uploader=by, policies=own.policies, zone=own.zone)
    return batches.merge(outcomes, found)


def _answer(outcomes: list[Outcome], current: web.Web) -> Response:
    counter = current.metrics.counter("reads_total")
    for status in {outcome.status for outcome in outcomes}:
        counter.labels(status).inc(sum(outcome.status == status for outcome in outcomes))
    return batch.answer(outcomes, WORDS)


@router.post(
    "/reads",
    policy=PUSH,
    raises=(devices.ReplayedMessage,),
    media_types=("application/json",),
    openapi_extra=BATCH_BODY,
    response_model=OutcomesOut,
)
async def post_reads(request: Request, caller: auth.Current, db: web.Db, own: Own, current: state.Current) -> Response:
    """Take up to 1,000 reads, each answered by itself, durable before the answer.

    A read is all registers of one meter at one instant. The read of the day of a reading task closes the period. A device brings
    reads of source `remote`; a person also `site`, `self`, and `estimated`: what another system estimated, of the lowest rank.
    """
    items, outcomes, message_id = batches.parse_json(await request.body())
    async with db.begin() as tx:
        by = await uploader(tx, caller, "person", message_id)
        answered = await _record(tx, items, outcomes, by, own)
    return _answer(answered, current)


@router.post(
    "/reads/csv",
    policy=UPLOAD,
    media_types=("text/csv",),
    openapi_extra=CSV_BODY,
    response_model=OutcomesOut,
)
async def post_csv(
    request: Request,
    caller: auth.Current,
    db: web.Db,
    own: Own,
    current: state.Current,
    route_no: Annotated[No, Query(description="The route that was read; other meters are refused.")],
    decimal: Annotated[csv_files.Decimal, Query(description="What stands before the decimals of a value.")] = "point",
) -> Response:
    """Take the reads of a manual route from a CSV file of up to 1,000 rows; a row is answered like an item of a batch.

    UTF-8 or GB 18030; comma, semicolon or tab as in the header. Messages name the row as a spreadsheet counts it.
    """
    items, outcomes = csv_files.parse_csv(await request.body(), decimal)
    async with db.begin() as tx:
        by = await uploader(tx, caller, "csv", "", route_no)
        answered = await _record(tx, items, outcomes, by, own)
    return _answer(csv_files.with_rows(answered), current)


@router.post(
    "/reads/{read_id}/correction",
    policy=WRITE,
    raises=(
        corrections.UnknownRead,
        corrections.BadCorrection,
        corrections.MakesSuspect,
        corrections.ReaderMissing,
        corrections.ReaderIsUploader,
        corrections.FoundOn,
    ),
    response_model=OutcomeOut,
    example=examples.CORRECTION,
)
async def post_correction(
    read_id: Annotated[ReadId, Path()],
    body: schemas.CorrectionIn,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> Response:
    """Correct a read: what was received stays, usages that change get their next version.

    A correction says the whole: all registers, and turns where they are known. It takes an annulment back. Of a read on site it
    names the reader who saw them; neither that one nor the read's own reader enters it.
    """
    correction = corrections.Correction(
        read_id=read_id,
        registers=body.registers,
        unit=body.unit,
        turns=body.turns,
        confirmed=body.confirm,
        reason=body.reason,
        reader=body.reader,
        actor=caller.subject,
        found_on=body.found_on,
    )
    async with db.begin() as tx:
        outcome = await corrections.correct(
            tx, correction, may_see=caller.may_see, days=ReadDays(own.policies, own.zone)
        )
    return batch.single([outcome])


@router.post(
    "/reads/{read_id}/annulment",
    policy=WRITE,
    raises=(corrections.UnknownRead, corrections.ReaderIsUploader, corrections.FoundOn),
    response_model=OutcomeOut,
    example=examples.ANNULMENT,
)
async def post_annulment(
    read_id: Annotated[ReadId, Path()],
    body: schemas.AnnulmentIn,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> Response:
    """Annul a read: it stays as it was received and counts for nothing, until a later correction gives it registers again."""
    annulment = corrections.Annulment(read_id=read_id, reason=body.reason, actor=caller.subject, found_on=body.found_on)
    async with db.begin() as tx:
        outcome = await corrections.annul(tx, annulment, may_see=caller.may_see, days=ReadDays(own.policies, own.zone))
    return batch.single([outcome])


@router.get("/reads/{read_id}", policy=READ)
async def get_read(read_id: Annotated[ReadId, Path()], caller: auth.Current, db: web.Db, own: Own) -> schemas.ReadOut:
    """Return a read with its corrections and the upload that brought it."""
    async with db.view() as view:
        document = await documents.read_document(view, read_id, ReadDays(own.policies, own.zone))
        org_unit = await org_unit_of_meter(view, document["meter_no"]) if document else None
    if document is None or org_unit is None or not caller.may_see(org_unit):
        raise errors.not_found("read")
    return schemas.ReadOut(**document)


@router.get("/waiting-reads", policy=READ)
async def list_waiting_reads(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, meter_no: MeterNo | None = None
) -> pagination.Page[schemas.WaitingReadOut]:
    """List the reads of meters that stand nowhere on their day yet, by meter and instant, each with since when it waits."""
    async with db.view() as view:
        rows = await waiting.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, meter_no=meter_no
        )
    return wanted.page(
        rows,
        key=lambda row: (row.meter_no, row.read_at, row.source),
        item=lambda row: schemas.WaitingReadOut(
            read_id=identity.read_id(row.meter_no, row.read_at, row.source), **row._mapping
        ),
    )
