"""Routes of day curves."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from services.reading.context import PUSH, READ, Own
from services.reading.intake import examples, schemas
from services.reading.intake.api.uploading import WORDS, uploader
from services.reading.intake.use_cases import curves
from services.reading.network.schemas import MeterNo, Quantity
from services.reading.network.store.meters import org_unit_of_meter
from services.reading.reads.domain import curves as domain
from services.reading.reads.domain.curves import UNIT, CurveKey
from services.reading.reads.store import curves as store
from services.reading.reads.store import waiting_curves
from shared import web
from shared.db.engine import Database
from shared.fields import Day
from shared.web import auth, batch, devices, errors, pagination
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["reads"])


@router.post(
    "/curves",
    policy=PUSH,
    raises=(devices.ReplayedMessage,),
    example=examples.CURVES,
    response_model=OutcomesOut,
)
async def post_curves(body: schemas.Curves, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Take up to 1,000 day curves with slots of 5 to 60 minutes, each answered by itself.

    Slot by slot a better curve takes the place of the one in force: actual values over estimated ones, any over none.
    All versions are kept.
    """
    async with db.begin() as tx:
        by = await uploader(tx, caller, "person", body.message_id or "")
        outcomes = await curves.record(tx, items=body.given(), uploader=by, policies=own.policies, zone=own.zone)
    return batch.answer(outcomes, WORDS)


@router.get("/curves/{meter_no}/{day}", policy=READ)
async def get_curve(
    meter_no: Annotated[MeterNo, Path()],
    day: Day,
    caller: auth.Current,
    db: web.Db,
    quantity: Quantity = "import",
) -> schemas.CurveOut:
    """Return the day curve of a meter that is in force: the best of all its versions."""
    versions = await _received(db, caller, CurveKey(meter_no, day, quantity))
    found = domain.in_force([version.curve for version in versions])
    return schemas.CurveOut(
        meter_no=meter_no,
        day=day,
        quantity=quantity,
        unit=UNIT,
        interval_minutes=found.interval_minutes,
        values=list(found.values),
        quality=found.quality,
        missing=found.missing,
    )


@router.get("/curves/{meter_no}/{day}/versions", policy=READ)
async def get_curve_versions(
    meter_no: Annotated[MeterNo, Path()],
    day: Day,
    caller: auth.Current,
    db: web.Db,
    quantity: Quantity = "import",
) -> schemas.CurveVersionsOut:
    """Return all versions of a day curve as they were received, first to last, with what each did."""
    versions = await _received(db, caller, CurveKey(meter_no, day, quantity))
    effects = domain.effects([version.curve for version in versions])
    return schemas.CurveVersionsOut(
        items=[
            schemas.CurveVersionOut(
                version=number,
                effect=effect.value,
                interval_minutes=each.curve.interval_minutes,
                values=list(each.curve.values),
                quality=each.curve.quality,
                missing=each.curve.missing,
                upload_id=each.upload_id,
                uploader=each.uploader,
                received_at=each.received_at,
            )
            for number, (each, effect) in enumerate(zip(versions, effects, strict=True), start=1)
        ]
    )


@router.get("/waiting-curves", policy=READ)
async def list_waiting_curves(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, meter_no: MeterNo | None = None
) -> pagination.Page[schemas.WaitingCurveOut]:
    """List the day curves of meters that stand nowhere on their day yet, by meter and day, each with since when it waits."""
    async with db.view() as view:
        rows = await waiting_curves.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, meter_no=meter_no
        )
    return wanted.page(
        rows,
        key=lambda row: (row.meter_no, row.day, row.quantity),
        item=lambda row: schemas.WaitingCurveOut(**row._mapping),
    )


async def _received(db: Database, caller: auth.Caller, key: CurveKey) -> list[store.Received]:
    async with db.view() as view:
        found = await store.received(view, key)
        org_unit = await org_unit_of_meter(view, key.meter_no)
    if not found or org_unit is None or not caller.may_see(org_unit):
        raise errors.not_found("curve")
    return found
