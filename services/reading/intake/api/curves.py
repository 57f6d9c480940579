"""Routes of day curves."""

from datetime import date
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from services.reading.context import PUSH, READ, Own
from services.reading.intake import examples, schemas
from services.reading.intake.api.uploading import WORDS, uploader
from services.reading.intake.use_cases import curves
from services.reading.network.schemas import MeterNo, Quantity
from services.reading.network.store.meters import org_unit_of_meter
from services.reading.reads.domain.curves import UNIT
from services.reading.reads.store import curves as store
from shared import web
from shared.web import auth, batch, devices, errors
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
    """Take up to 1,000 day curves of half or quarter hours, each answered by itself."""
    given = [item.given() for item in body.items]
    async with db.begin() as tx:
        by = await uploader(tx, caller, "person", "")
        outcomes = await curves.record(tx, given=given, uploader=by, zone=own.zone)
    return batch.answer(outcomes, WORDS)


@router.get("/curves/{meter_no}/{day}", policy=READ)
async def get_curve(
    meter_no: Annotated[MeterNo, Path()],
    day: date,
    caller: auth.Current,
    db: web.Db,
    quantity: Quantity = "import",
) -> schemas.CurveOut:
    """Return the day curve of a meter."""
    async with db.view() as view:
        found = await store.curve(view, meter_no, day, quantity)
        org_unit = await org_unit_of_meter(view, meter_no)
    if found is None or org_unit is None or not caller.may_see(org_unit):
        raise errors.not_found("curve")
    return schemas.CurveOut(
        meter_no=meter_no,
        day=day,
        quantity=quantity,
        unit=UNIT,
        interval_minutes=found.interval_minutes,
        values=list(found.values),
        missing=found.missing,
    )
