"""Routes of cycles: how far a route is in one, and the ends of periods that are asked for."""

from datetime import date
from functools import partial
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.reading.context import READ, WRITE, Context, Own
from services.reading.cycles.use_cases import progress
from services.reading.network.schemas import No, Shown
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks import examples, schemas
from services.reading.tasks.domain.route_cycles import CLOSED
from services.reading.tasks.store import asked_ends as asked_end_store
from services.reading.tasks.store import reasons, route_cycles
from services.reading.tasks.use_cases import asked_ends
from services.reading.tasks.use_cases.asked_ends import Derive
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.knowing import Loader
from shared import web
from shared.fields import Day, Month
from shared.web import auth, batch, errors, pagination
from shared.web.batch import OutcomeOut, OutcomesOut

router = web.Router("/v1", tags=["cycles"])


class RouteCycleOut(Shown):
    """A route in a cycle, with the counts of its closing; 0 while it is open."""

    route_no: str
    cycle: str
    org_unit: str
    read_date: date
    closed_on: date | None
    expected: int
    actual: int
    estimated: int
    missed: int
    usages: int
    sum_wh: int


class CountsOut(BaseModel):
    expected: int
    actual: int
    estimated: int
    missed: int


class ProgressOut(RouteCycleOut):
    """A route in a cycle. While it is open the counts are those of now, once closed those of its closing."""

    unexplained: int = Field(description="Points without a read and without a reader's reason.")
    now: CountsOut = Field(description="The same counts as they are now: what came after the closing has changed them.")


@router.get("/routes/{route_no}/cycles", policy=READ)
async def list_route_cycles(
    route_no: Annotated[No, Path()],
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    cycle: Month | None = None,
) -> pagination.Page[RouteCycleOut]:
    """List the cycles of a route by read date; the counts of those that are open are 0."""
    async with db.view() as view:
        rows = await route_cycles.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, route_no=route_no, cycle=cycle
        )
    return wanted.page(rows, key=lambda row: (row.read_date,), item=RouteCycleOut.of)


@router.get("/routes/{route_no}/cycles/{cycle}", policy=READ)
async def get_progress(
    route_no: Annotated[No, Path()],
    cycle: Annotated[Month, Path()],
    caller: auth.Current,
    db: web.Db,
    read_date: Day | None = None,
) -> ProgressOut:
    """Return how far a route is in a cycle: expected, read, estimated, missed, and what nobody has explained.

    Where the route's read day was moved, two read dates may have one name: the latest is shown, or that of `read_date`.
    """
    async with db.view() as view:
        if read_date is None:
            found = await route_cycles.named(view, route_no, cycle)
        else:
            found = await route_cycles.route_cycle(view, route_no, read_date)
        if found is None or found.cycle != cycle or not caller.may_see(found.org_unit):
            raise errors.not_found("route_cycle")
        now = await progress.totals(view, route_no, found.read_date)
        totals = found.totals if found.status == CLOSED else now
        unexplained = await reasons.missing(view, [(route_no, found.read_date)])
    return ProgressOut(
        route_no=route_no,
        cycle=cycle,
        org_unit=found.org_unit,
        read_date=found.read_date,
        closed_on=found.closed_on,
        expected=totals.expected,
        actual=totals.actual,
        estimated=totals.estimated,
        missed=totals.missed,
        usages=totals.usages,
        sum_wh=totals.sum_wh,
        unexplained=unexplained[route_no, found.read_date],
        now=CountsOut(expected=now.expected, actual=now.actual, estimated=now.estimated, missed=now.missed),
    )


def _derive(own: Context) -> Derive:
    return partial(deriving.derive_again, loader=Loader(days=ReadDays(own.policies, own.zone)))


@router.put("/asked-ends", policy=WRITE, example=examples.ASKED_ENDS, response_model=OutcomesOut)
async def put_asked_ends(body: schemas.AskedEnds, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Ask for up to 1,000 ends of periods: each is one as soon as there is a read of that day, before or after this."""
    given = [asked_ends.Asked(**item.model_dump()) for item in body.items]
    async with db.begin() as tx:
        outcomes = await asked_ends.ask(tx, given, actor=caller.subject, may_see=caller.may_see, derive=_derive(own))
    return batch.answer(outcomes)


@router.get("/asked-ends", policy=READ)
async def list_asked_ends(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, service_point_no: No | None = None
) -> pagination.Page[schemas.AskedEndOut]:
    """List the ends of periods that were asked for, by point and day, with those that were withdrawn."""
    async with db.view() as view:
        rows = await asked_end_store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            service_point_no=service_point_no,
        )
    return wanted.page(rows, key=lambda row: (row.service_point_no, row.day), item=schemas.AskedEndOut.of)


@router.post(
    "/asked-ends/{service_point_no}/{day}/withdrawal",
    policy=WRITE,
    raises=(asked_ends.UnknownAskedEnd,),
    response_model=OutcomeOut,
    example=examples.WITHDRAWAL,
)
async def post_withdrawal(
    service_point_no: Annotated[No, Path()],
    day: Annotated[Day, Path()],
    body: schemas.WithdrawalIn,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> Response:
    """Withdraw an asked end, with its reason: a read of that day ends no period any more."""
    async with db.begin() as tx:
        outcome = await asked_ends.withdraw(
            tx,
            service_point_no,
            day,
            reason=body.reason,
            actor=caller.subject,
            may_see=caller.may_see,
            derive=_derive(own),
        )
    return batch.single([outcome])
