"""Routes of field entries, of the batches in which they are released, and of the sheet of a route."""

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from services.reading.context import FIELD, SHEET, UPLOAD, Own
from services.reading.context import FIELD_BATCHES as BATCHES
from services.reading.field import examples, schemas, store
from services.reading.field.use_cases import entering, releasing, reviewing, sheets
from services.reading.intake.api.uploading import WORDS
from services.reading.intake.use_cases.corrections import ReaderIsUploader
from services.reading.network.schemas import No
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.usage.domain.ranking import SITE
from shared import web
from shared.fields import Month
from shared.outcome import REPEATED
from shared.web import auth, batch, errors, pagination, spreadsheet
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["field"])


@router.post("/field-entries", policy=FIELD, example=examples.ENTRIES, response_model=OutcomesOut)
async def post_entries(body: schemas.FieldEntriesIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Keep up to 1,000 things that the caller, a reader, has seen, each answered by itself; in any order, hours later, twice.

    They are no reads: another person releases them, as a batch of one reader for a read date of a route. Observations that come
    with an entry wait for nobody: they are kept and told when it is taken, once, under the numbers that they have.
    """
    async with db.begin() as tx:
        outcomes = await entering.enter(
            tx,
            body.given(),
            reader=caller.subject,
            may_see=caller.may_see,
            own=own,
        )
    return batch.answer(outcomes, WORDS)


@router.post("/field-entries/withdrawals", policy=FIELD, example=examples.TAKEN_BACK, response_model=OutcomesOut)
async def take_entries_back(body: schemas.TakenBackIn, caller: auth.Current, db: web.Db) -> Response:
    """Take back up to 1,000 entries of one's own that nobody has released yet; they stay readable, with the reason."""
    reasons = {item.entry_no: item.reason for item in body.items}
    async with db.begin() as tx:
        outcomes = await entering.take_back(tx, reasons, [item.entry_no for item in body.items], reader=caller.subject)
    return batch.answer(outcomes)


@router.get("/field-batches", policy=BATCHES)
async def list_batches(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    route_no: No | None = None,
    cycle: Month | None = None,
    open_: Annotated[bool, Query(alias="open", description="Only those that are not released.")] = False,
) -> pagination.Page[schemas.FieldBatchOut]:
    """List batches of field entries, by read date."""
    async with db.view() as view:
        rows = await store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            route_no=route_no,
            cycle=cycle,
            open_=open_,
        )
    return wanted.page(rows, key=lambda row: (row.batch_id,), item=schemas.FieldBatchOut.of)


@router.get("/field-batches/{batch_id}", policy=BATCHES)
async def get_batch(
    batch_id: Annotated[No, Path()], caller: auth.Current, db: web.Db, own: Own
) -> schemas.FieldReviewOut:
    """Return a batch as it is decided on: what is out of range, unread, or was not looked at, by the rules of validation."""
    async with db.view() as view:
        found = await store.batch(view, batch_id)
        if found is None or not caller.may_see(found.org_unit):
            raise errors.not_found("field_batch")
        review = await reviewing.look(view, found, may_see=caller.may_see, days=ReadDays(own.policies, own.zone))
    return schemas.FieldReviewOut.of_review(review)


@router.post(
    "/field-batches/{batch_id}/release",
    policy=UPLOAD,
    raises=(
        releasing.UnknownBatch,
        releasing.ReleasedAlready,
        releasing.OtherContent,
        releasing.UnknownEntry,
        ReaderIsUploader,
    ),
    example=examples.RELEASE,
    response_model=schemas.ReleasedOut,
)
async def release_batch(
    batch_id: Annotated[No, Path()], body: schemas.ReleaseIn, caller: auth.Current, db: web.Db, own: Own
) -> schemas.ReleasedOut:
    """Release what another person has entered, as it was seen: reads of source `site` from now on, each answered by itself.

    `refused` does not become a read. What is entered after this is in the reader's next batch. 412 where the batch holds other
    entries by now than those that were seen.
    """
    refused = {item.entry_no: item.reason for item in body.refused}
    if len(refused) < len(body.refused):
        raise errors.Problem(status=422, code=REPEATED, title="An entry is named more than once")
    decision = releasing.Decision(
        batch_id=batch_id,
        content_hash=body.content_hash,
        refused=refused,
        actor=caller.subject,
        may_see=caller.may_see,
    )
    async with db.begin() as tx:
        decided = await releasing.release(tx, decision, own)
    return schemas.ReleasedOut.model_validate(
        {
            "outcomes": [
                {
                    "entry_no": entry.entry_no,
                    "status": WORDS.get(outcome.status, outcome.status),
                    "code": outcome.code or None,
                    "message": outcome.message or None,
                    "read_id": identity.read_id(entry.meter_no, entry.seen_at, SITE)
                    if entry.registers and outcome.status != "refused"
                    else None,
                }
                for entry, outcome in decided
            ]
        }
    )


@router.get(
    "/routes/{route_no}/sheet",
    policy=SHEET,
    raises=(sheets.TooLong,),
    response_model=schemas.SheetOut,
    responses=spreadsheet.FILE,
)
async def get_sheet(
    route_no: Annotated[No, Path()],
    cycle: Month,
    caller: auth.Current,
    db: web.Db,
    own: Own,
    form: spreadsheet.Form = "json",
) -> Response:
    """Return the sheet of a route (抄表册) for a cycle: its meters in walking order, what they last showed and should show."""
    async with db.view() as view:
        found = await sheets.sheet(view, route_no, cycle, may_see=caller.may_see, days=ReadDays(own.policies, own.zone))
    if found is None:
        raise errors.not_found("route_cycle")
    shown = schemas.SheetOut.of(found)
    if form == "csv":
        return _csv(shown)
    return web.Json(shown.model_dump(mode="json"))


def _csv(sheet: schemas.SheetOut) -> Response:
    """Return a row for each register; nothing in it is free text."""
    columns = ["walk_order", "service_point_no", "meter_no", "access_notes", "last_on"]
    values = ["quantity", "last", "expected_from", "expected_to"]
    rows = []
    for line in sheet.lines:
        left = [line.walk_order, line.service_point_no, line.meter_no, " ".join(line.access_notes), line.last_on]
        for register in line.registers:
            rows.append([*left, *(getattr(register, name) for name in values)])
    return spreadsheet.answer([*columns, *values], rows)
