"""Routes of observations."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.reading.context import FIELD, READ, Own
from services.reading.intake.api.uploading import WORDS
from services.reading.network.domain import calendar
from services.reading.network.schemas import No
from services.reading.observations import examples, schemas, store, use_cases
from services.reading.observations.domain import Kind, Severity
from shared import web
from shared.fields import Day
from shared.web import auth, batch, pagination
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["observations"])


@router.post("/observations", policy=FIELD, example=examples.OBSERVATIONS, response_model=OutcomesOut)
async def post_observations(body: schemas.ObservationsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Keep up to 1,000 things that the caller has seen at service points, each answered by itself; in any order, twice."""
    async with db.begin() as tx:
        outcomes = await use_cases.record(tx, body.given(caller.subject), may_see=caller.may_see, own=own)
    return batch.answer(outcomes, WORDS)


@router.get("/observations", policy=READ)
async def list_observations(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    kind: Kind | None = None,
    severity: Severity | None = None,
    service_point_no: No | None = None,
    order_no: No | None = None,
    from_: Annotated[Day | None, Query(alias="from", description="First day on which it was seen.")] = None,
    to: Annotated[Day | None, Query(description="First day after them.")] = None,
) -> pagination.Page[schemas.ObservationOut]:
    """List observations, first to last."""
    async with db.view() as view:
        rows = await store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            kind=kind,
            severity=severity,
            service_point_no=service_point_no,
            order_no=order_no,
            start=calendar.day_bounds(from_, own.zone)[0] if from_ else None,
            end=calendar.day_bounds(to, own.zone)[0] if to else None,
        )
    return wanted.page(rows, key=lambda row: (row.seen_at, row.observation_id), item=schemas.ObservationOut.of)
