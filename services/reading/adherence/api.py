"""Routes of adherence: by route, by reader, and the tasks behind each count."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Path

from services.reading.adherence import schemas
from services.reading.adherence.domain.counts import Outcome
from services.reading.adherence.use_cases import looking
from services.reading.adherence.use_cases.looking import Wanted
from services.reading.context import DUTY, Context, Own
from services.reading.network.schemas import No, OrgUnit
from services.reading.reads.domain.days import ReadDays
from shared import web
from shared.db.engine import Database
from shared.fields import Month
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["adherence"])
ROUTES_MAX, READERS_MAX = 200, 25  # of a page: some 50,000 tasks, a few seconds
ALL = "reading:read"  # who has `reading:field` alone sees the own duties


def _wanted(
    caller: auth.Current,
    cycle: Month,
    route_no: No | None = None,
    reader: No | None = None,
    org_unit: OrgUnit | None = None,
) -> Wanted:
    """Return what is looked at: of who has `reading:field` alone the own duties."""
    mine = reader if caller.has(ALL) else caller.subject
    return Wanted(cycle=cycle, route_no=route_no, reader=mine, org_unit=org_unit)


Filters = Annotated[Wanted, Depends(_wanted)]


@router.get("/adherence/routes", policy=DUTY)
async def list_routes(
    caller: auth.Current, db: web.Db, own: Own, wanted: pagination.Query_, filters: Filters
) -> pagination.Page[schemas.RouteAdherenceOut]:
    """List the routes of a cycle with how their tasks ended against the read day (抄表例日监控), at most 200 a page."""
    wanted = pagination.Wanted(min(wanted.limit, ROUTES_MAX), wanted.last)
    async with db.view() as view:
        rows = await looking.by_route(
            view,
            filters,
            ReadDays(own.policies, own.zone),
            caller=caller,
            after=wanted.last_as(str, date),
            limit=wanted.fetch,
        )
    return wanted.page(rows, key=lambda row: (row.duty.route_no, row.duty.read_date), item=schemas.RouteAdherenceOut.of)


@router.get("/adherence/readers", policy=DUTY)
async def list_readers(
    caller: auth.Current, db: web.Db, own: Own, wanted: pagination.Query_, filters: Filters
) -> pagination.Page[schemas.ReaderAdherenceOut]:
    """List who was to read in a cycle, with how the tasks of all their routes ended against the read day; 25 a page at most."""
    wanted = pagination.Wanted(min(wanted.limit, READERS_MAX), wanted.last)
    async with db.view() as view:
        rows = await looking.by_reader(
            view,
            filters,
            ReadDays(own.policies, own.zone),
            caller=caller,
            after=wanted.last_as(str),
            limit=wanted.fetch,
        )
    return wanted.page(rows, key=lambda row: (row.reader,), item=schemas.ReaderAdherenceOut.of)


@router.get("/adherence/routes/{route_no}/tasks", policy=DUTY)
async def list_tasks_of_route(
    route_no: Annotated[No, Path()],
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    cycle: Month,
    outcome: Outcome | None = None,
) -> pagination.Page[schemas.TaskAdherenceOut]:
    """List the tasks of a route in a cycle, each with how it ended and the read that is nearest to its day."""
    mine = None if caller.has(ALL) else caller.subject
    return await _tasks(Wanted(cycle=cycle, route_no=route_no, reader=mine), outcome, caller, db, own, wanted)


@router.get("/adherence/readers/{reader}/tasks", policy=DUTY)
async def list_tasks_of_reader(
    reader: Annotated[No, Path()],
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    cycle: Month,
    outcome: Outcome | None = None,
) -> pagination.Page[schemas.TaskAdherenceOut]:
    """List the tasks that a person was to read in a cycle, each with how it ended and the read that is nearest to its day."""
    if not caller.has(ALL) and reader != caller.subject:
        raise errors.not_found("reader")
    return await _tasks(Wanted(cycle=cycle, reader=reader), outcome, caller, db, own, wanted)


async def _tasks(
    filters: Wanted, outcome: Outcome | None, caller: auth.Caller, db: Database, own: Context, wanted: pagination.Wanted
) -> pagination.Page[schemas.TaskAdherenceOut]:
    async with db.view() as view:
        rows = await looking.tasks(
            view,
            filters,
            ReadDays(own.policies, own.zone),
            outcome=outcome,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
        )
    return wanted.page(
        rows, key=lambda row: (row["route_no"], row["read_date"], row["point"]), item=schemas.TaskAdherenceOut.of
    )
