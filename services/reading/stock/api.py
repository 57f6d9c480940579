"""Routes of meters as things (表计资产): ranges, movements, tests, seals, and the lives that follow from them."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from services.reading.context import READ, WRITE, Context, Own
from services.reading.network.schemas import Code, MeterNo, No, OrgUnit
from services.reading.stock import examples, schemas
from services.reading.stock.domain.life import REMOVED, MovementKind, Result, State
from services.reading.stock.schemas import seals as seal_schemas
from services.reading.stock.store import ranges, records, seals, spells, unfit
from services.reading.stock.store.unfit import Why
from services.reading.stock.use_cases import importing, looking, recording, sealing
from services.reading.stock.use_cases.recording import By
from shared import web
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.fields import Day
from shared.web import auth, batch, errors, pagination, spreadsheet
from shared.web.batch import OutcomesOut
from shared.web.pagination import Page

router = web.Router("/v1", tags=["meters"])
CSV_MAX = 50_000  # rows of a file: some seconds


class TooManyRows(BusinessError):
    status = 422
    code = "unfit_meters.too_many_rows"
    title = f"A file has at most {CSV_MAX} rows: narrow them by filters"


@router.post("/meter-ranges", policy=WRITE, example=examples.RANGES, response_model=OutcomesOut)
async def post_ranges(body: schemas.RangesIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Receive up to 100 ranges of meters (批次号段), each answered by itself: their meters are made, and begin their lives."""
    async with db.begin() as tx:
        outcomes = await importing.receive(
            tx,
            [item.range_() for item in body.items],
            actor=caller.subject,
            may_see=caller.may_see,
            last=own.last_day(tx.now),
            dry_run=body.dry_run,
        )
    return batch.answer(outcomes)


@router.post("/meter-ranges/annulments", policy=WRITE, example=examples.RANGE_ANNULMENTS, response_model=OutcomesOut)
async def post_range_annulments(
    body: schemas.RangeAnnulmentsIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Annul up to 100 ranges that never came, of 10,000 meters together: their meters are gone, the ranges stay readable.

    Refused (`reading.range_in_use`) where something is recorded of one of its meters beyond that it came.
    """
    async with db.begin() as tx:
        given = [item.annulment() for item in body.items]
        outcomes = await importing.annul(tx, given, by=_by(caller, tx, own))
    return batch.answer(outcomes)


@router.get("/meter-ranges", policy=READ)
async def list_ranges(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    meter_type: Code | None = None,
    batch_no: No | None = None,
) -> Page[schemas.RangeOut]:
    """List ranges of meters, by number."""
    async with db.view() as view:
        rows = await ranges.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            meter_type=meter_type,
            batch_no=batch_no,
        )
    return wanted.page(rows, key=lambda row: (row.range_no,), item=schemas.RangeOut.of)


@router.post("/meter-movements", policy=WRITE, example=examples.MOVEMENTS, response_model=OutcomesOut)
async def post_movements(body: schemas.MovementsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Record up to 1,000 movements of meters, each answered by itself, in any order, twice.

    `waiting` (`reading.meter_movement_waits`): it is kept, and counts once what must have happened before is known.
    """
    async with db.begin() as tx:
        given = [item.movement() for item in body.items]
        outcomes = await recording.move(tx, given, by=_by(caller, tx, own))
    return batch.answer(outcomes)


@router.post(
    "/meter-movements/annulments", policy=WRITE, example=examples.MOVEMENT_ANNULMENTS, response_model=OutcomesOut
)
async def post_movement_annulments(
    body: schemas.MovementAnnulmentsIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Annul up to 1,000 movements that never were; they stay readable, and the lives follow."""
    async with db.begin() as tx:
        given = [item.annulment() for item in body.items]
        outcomes = await recording.annul_movements(tx, given, by=_by(caller, tx, own))
    return batch.answer(outcomes)


@router.get("/meter-movements", policy=READ)
async def list_movements(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    meter_no: MeterNo | None = None,
    kind: MovementKind | None = None,
    waiting: bool | None = None,
) -> Page[schemas.MovementOut]:
    """List movements, first to last; `waiting=true`: those that count for nothing yet, since something before them is missing."""
    async with db.view() as view:
        rows = await records.listed_movements(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            meter_no=meter_no,
            kind=kind,
            waiting=waiting,
        )
    return wanted.page(rows, key=lambda row: (row.moved_on, row.movement_no), item=schemas.MovementOut.of)


@router.post("/meter-tests", policy=WRITE, example=examples.TESTS, response_model=OutcomesOut)
async def post_tests(body: schemas.TestsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Record up to 1,000 results of tests of meters (检定结果), each answered by itself, in any order, twice."""
    async with db.begin() as tx:
        given = [item.tested() for item in body.items]
        outcomes = await recording.test(tx, given, by=_by(caller, tx, own))
    return batch.answer(outcomes)


@router.post("/meter-tests/annulments", policy=WRITE, example=examples.TEST_ANNULMENTS, response_model=OutcomesOut)
async def post_test_annulments(body: schemas.TestAnnulmentsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Annul up to 1,000 results that never were; they stay readable, and the lives follow."""
    async with db.begin() as tx:
        given = [item.annulment() for item in body.items]
        outcomes = await recording.annul_tests(tx, given, by=_by(caller, tx, own))
    return batch.answer(outcomes)


@router.get("/meter-tests", policy=READ)
async def list_tests(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    meter_no: MeterNo | None = None,
    result: Result | None = None,
) -> Page[schemas.StoredTestOut]:
    """List results of tests, first to last."""
    async with db.view() as view:
        rows = await records.listed_tests(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, meter_no=meter_no, result=result
        )
    return wanted.page(rows, key=lambda row: (row.tested_on, row.lab_no), item=schemas.StoredTestOut.of)


@router.post("/meter-seals", policy=WRITE, example=examples.SEALS, response_model=OutcomesOut)
async def post_seals(body: seal_schemas.SealsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Record up to 1,000 things that happened to seals (铅封), each answered by itself, in any order, twice.

    `waiting` (`reading.seal_event_waits`): it is kept, and counts once what must have happened before is known; a seal is on one
    meter at a time.
    """
    async with db.begin() as tx:
        outcomes = await sealing.record(tx, [item.event() for item in body.items], by=_by(caller, tx, own))
    return batch.answer(outcomes)


@router.post("/meter-seals/annulments", policy=WRITE, example=examples.SEAL_ANNULMENTS, response_model=OutcomesOut)
async def post_seal_annulments(
    body: seal_schemas.SealAnnulmentsIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Annul up to 1,000 things that never happened to seals; they stay readable, and the seals stand as the rest says."""
    async with db.begin() as tx:
        given = [item.annulment() for item in body.items]
        outcomes = await sealing.annul(tx, given, by=_by(caller, tx, own))
    return batch.answer(outcomes)


@router.get("/meter-seals/events", policy=READ)
async def list_seal_events(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    seal_no: No | None = None,
    meter_no: MeterNo | None = None,
    waiting: bool | None = None,
) -> Page[seal_schemas.StoredSealEventOut]:
    """List what was told of seals, first to last; `waiting=true`: what counts for nothing yet."""
    async with db.view() as view:
        rows = await seals.listed_events(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            seal_no=seal_no,
            meter_no=meter_no,
            waiting=waiting,
        )
    return wanted.page(
        rows,
        key=lambda row: (row.done_on, row.seal_no, row.meter_no, row.kind),
        item=seal_schemas.StoredSealEventOut.of_row,
    )


@router.get("/meter-seals", policy=READ)
async def list_seals(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    meter_no: MeterNo | None = None,
    state: seal_schemas.SealState | None = None,
) -> Page[seal_schemas.SealOut]:
    """List seals as they stand, by number."""
    async with db.view() as view:
        rows = await seals.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, meter_no=meter_no, state=state
        )
    return wanted.page(rows, key=lambda row: (row.seal_no,), item=seal_schemas.SealOut.of)


@router.get("/meters/{meter_no}/life", policy=READ)
async def get_life(meter_no: Annotated[MeterNo, Path()], caller: auth.Current, db: web.Db) -> schemas.LifeOut:
    """Return the life of a meter (表计生命周期): its states with their days, installations, movements, tests and seals."""
    async with db.view() as view:
        known = await looking.life(view, meter_no)
    if known is None or not caller.may_see(known.meter.org_unit):
        raise errors.not_found("meter")
    return schemas.LifeOut.of(known)


@router.get("/meter-states", policy=READ)
async def list_states(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    on: Day,
    state: State | None = None,
    org_unit: OrgUnit | None = None,
    meter_type: Code | None = None,
) -> Page[schemas.StandingOut]:
    """List how meters stand on a day, by number, as is known by now."""
    async with db.view() as view:
        rows = await spells.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            on=on,
            state=state,
            org_unit=org_unit,
            meter_type=meter_type,
        )
    return wanted.page(rows, key=lambda row: (row.meter_no,), item=schemas.StandingOut.of)


@router.get("/meters-not-taken-back", policy=READ)
async def list_not_taken_back(
    caller: auth.Current, db: web.Db, own: Own, wanted: pagination.Query_, on: Day, org_unit: OrgUnit | None = None
) -> Page[schemas.StandingOut]:
    """List the removed meters that nobody has taken back (已拆未回) by a day, though the policy's days for that are over."""
    by = on - timedelta(days=own.policies.on_or_first(on).stock.taken_back_days)
    async with db.view() as view:
        rows = await spells.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            on=on,
            state=REMOVED,
            org_unit=org_unit,
            meter_type=None,
            since_by=by,
        )
    return wanted.page(rows, key=lambda row: (row.meter_no,), item=schemas.StandingOut.of)


@router.get(
    "/unfit-meters",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.UnfitMeterOut],
)
async def list_unfit_meters(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    on: Day,
    why: Why | None = None,
    org_unit: OrgUnit | None = None,
    meter_type: Code | None = None,
    form: spreadsheet.Form = "json",
) -> Response:
    """List the meters that stand at points on a day though their last test was failed, or their verification has expired."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    filters = unfit.Filters(why=why, org_unit=org_unit, meter_type=meter_type)
    async with db.view() as view:
        rows = await unfit.listed(
            view, on, visible=caller.visible, after=asked.after, limit=asked.fetch, filters=filters
        )
    page = asked.page(rows, key=lambda row: (row.meter_no,), item=schemas.UnfitMeterOut.of)
    return spreadsheet.page_or_file(form, page, schemas.UnfitMeterOut, TooManyRows)


def _by(caller: auth.Current, tx: Tx, own: Context) -> By:
    return By(actor=caller.subject, may_see=caller.may_see, last=own.last_day(tx.now))
