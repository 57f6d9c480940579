"""Routes of alarms."""

from collections import Counter
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.reading.alarms import examples, schemas, store, use_cases
from services.reading.alarms.domain import Alarm
from services.reading.alarms.use_cases import Teller
from services.reading.context import PUSH, READ, Own
from services.reading.intake.api.uploading import WORDS
from services.reading.network.domain import calendar
from services.reading.network.schemas import MeterNo, No
from services.reading.orders.use_cases.asking import Deadlines
from services.reading.policies.domain import AlarmKind
from shared import web
from shared.fields import Day
from shared.web import auth, batch, devices, pagination, state
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["alarms"])


@router.post(
    "/meter-events",
    policy=PUSH,
    raises=(devices.ReplayedMessage,),
    example=examples.ALARMS,
    response_model=OutcomesOut,
)
async def post_meter_events(
    body: schemas.AlarmsIn, caller: auth.Current, db: web.Db, own: Own, current: state.Current
) -> Response:
    """Take up to 1,000 alarms of meters and head-ends, each answered by itself, durable before the answer.

    An alarm is what happened to one meter at one instant. What lasts is told twice: `occurred`, and later `ended`.
    """
    items = body.given()
    async with db.begin() as tx:
        await devices.remember_nonce(tx, caller.device)
        outcomes = await use_cases.record(
            tx,
            items=items,
            teller=Teller(
                subject=caller.subject,
                message_id=body.message_id or (caller.device.nonce if caller.device else ""),
                may_see=caller.may_see,
                meter_no=caller.meter_no,
            ),
            deadlines=Deadlines(policies=own.policies, calendar=own.calendar),
            zone=own.zone,
        )
    taken = zip(items, outcomes, strict=True)
    kinds = Counter(item.key.kind for item, was in taken if isinstance(item, Alarm) and was.status == "done")
    for kind, count in kinds.items():
        current.metrics.counter("meter_alarms_total").labels(kind).inc(count)
    return batch.answer(outcomes, WORDS)


@router.get("/meter-events", policy=READ)
async def list_meter_events(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    meter_no: MeterNo | None = None,
    service_point_no: No | None = None,
    kind: AlarmKind | None = None,
    from_: Annotated[Day | None, Query(alias="from", description="First day on which it happened.")] = None,
    to: Annotated[Day | None, Query(description="First day after them.")] = None,
) -> pagination.Page[schemas.AlarmOut]:
    """List alarms, first to last."""
    async with db.view() as view:
        rows = await store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            meter_no=meter_no,
            service_point_no=service_point_no,
            kind=kind,
            start=calendar.day_bounds(from_, own.zone)[0] if from_ else None,
            end=calendar.day_bounds(to, own.zone)[0] if to else None,
        )
    return wanted.page(
        rows,
        key=lambda row: (row.happened_at, row.meter_no, row.kind, row.source),
        item=lambda row: schemas.AlarmOut(alarm_id=store.key_of(row).alarm_id, **row._mapping),
    )
