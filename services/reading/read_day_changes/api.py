"""Routes of read days that are to be moved (抄表例日变更)."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from services.reading.context import READ, WRITE, Own
from services.reading.network.domain import calendar
from services.reading.network.schemas import No
from services.reading.network.store import read_days
from services.reading.read_day_changes import examples, schemas, store
from services.reading.read_day_changes.use_cases import refusals, requesting, withdrawing
from shared import web
from shared.web import auth, batch, business_day, errors, pagination
from shared.web.batch import OutcomeOut
from shared.web.state import Current

router = web.Router("/v1", tags=["read days"])


@router.post(
    "/read-day-requests",
    policy=WRITE,
    raises=(*refusals.ASKING, business_day.InTheFuture),
    response_model=OutcomeOut,
    example=examples.REQUEST,
)
async def post_request(body: schemas.RequestIn, caller: auth.Current, service: Current, own: Own) -> Response:
    """Ask for another read day, or one visit on another day; the customer of each point is told and asked.

    Who confirms it is put before a second person (`/v1/approvals`, kind `read_day.change`), one by one; the others stay.
    """
    business_day.check(service, body.asked_on)
    async with service.database.begin() as tx:
        outcome = await requesting.request(
            tx,
            body.wanted(calendar.local_day(tx.now, own.zone)),
            actor=caller.subject,
            may_see=caller.may_see,
            policies=own.policies,
        )
    return batch.single([outcome])


@router.post(
    "/read-day-requests/{request_no}/withdrawal",
    policy=WRITE,
    raises=(refusals.UnknownRequest,),
    response_model=OutcomeOut,
)
async def withdraw(request_no: Annotated[No, Path()], caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Take back what is left of a request: questions that are not answered, and what nobody has decided yet."""
    async with db.begin() as tx:
        outcome = await withdrawing.take_back(
            tx, request_no, actor=caller.subject, may_see=caller.may_see, zone=own.zone
        )
    return batch.single([outcome])


@router.get("/read-day-requests", policy=READ)
async def list_requests(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, route_no: No | None = None
) -> pagination.Page[schemas.RequestOut]:
    """List requests, first to last, each with how many of its points are in which state."""
    async with db.view() as view:
        rows = await store.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, route_no=route_no
        )
        counts = await store.counts(view, [row.request_no for row in rows])
    return wanted.page(
        rows,
        key=lambda row: (row.asked_on, row.request_no),
        item=lambda row: schemas.request_out(row, counts.get(row.request_no, {})),
    )


@router.get("/read-day-requests/{request_no}", policy=READ)
async def get_request(request_no: Annotated[No, Path()], caller: auth.Current, db: web.Db) -> schemas.RequestOut:
    """Return a request."""
    async with db.view() as view:
        row = await store.row(view, request_no)
        counts = await store.counts(view, [request_no])
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("read_day_request")
    return schemas.request_out(row, counts.get(request_no, {}))


@router.get("/read-day-proposals", policy=READ)
async def list_proposals(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    request_no: No | None = None,
    route_no: No | None = None,
    service_point_no: No | None = None,
    state: schemas.State | None = None,
) -> pagination.Page[schemas.ProposalOut]:
    """List what is asked for service points, and what became of it."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            request_no=request_no,
            route_no=route_no,
            service_point_no=service_point_no,
            state=state,
        )
    return wanted.page(rows, key=lambda row: (row.question_id,), item=schemas.ProposalOut.of)


@router.get("/read-day-exceptions", policy=READ)
async def list_exceptions(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    route_no: No | None = None,
    service_point_no: No | None = None,
) -> pagination.Page[schemas.ExceptionOut]:
    """List the service points that are read on other days than their route, with the cycles from which on."""
    async with db.view() as view:
        rows = await read_days.exceptions(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            route_no=route_no,
            service_point_no=service_point_no,
        )
    return wanted.page(
        rows, key=lambda row: (row.route_no, row.service_point_no, row.from_cycle), item=schemas.ExceptionOut.of
    )
