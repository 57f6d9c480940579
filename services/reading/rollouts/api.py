"""Routes of roll-outs of meters (换装工程): programmes, their points, their progress, and whose meters are read remotely."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from services.reading.context import READ, WRITE, Context, Own
from services.reading.network.domain import calendar
from services.reading.network.schemas import Code, No, OrgUnit
from services.reading.network.store import rolling_out
from services.reading.rollouts import examples, schemas
from services.reading.rollouts.domain.programme import Share, State, by_month, with_below
from services.reading.rollouts.store import programmes, progress
from services.reading.rollouts.store.progress import Filters
from services.reading.rollouts.use_cases import planning
from services.reading.rollouts.use_cases.planning import By
from shared import web
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.fields import Day
from shared.org_units import WHOLE_UTILITY, covers
from shared.web import auth, batch, pagination, spreadsheet
from shared.web.batch import OutcomesOut
from shared.web.pagination import Page

router = web.Router("/v1", tags=["roll-outs"])
CSV_MAX = 50_000  # rows of a file: some seconds
Below = Annotated[bool, Query(description="With all org units below it.")]
On = Annotated[Day, Query(description="The day of the report, as is known by now.")]


class TooManyRows(BusinessError):
    status = 422
    code = "rollout.too_many_rows"
    title = f"A file has at most {CSV_MAX} rows: narrow them by filters"


def _filters(
    programme_no: No | None = None,
    org_unit: OrgUnit | None = None,
    alone: Annotated[bool, Query(description="Of the org unit alone, without those below it.")] = False,
    route_no: No | None = None,
    state: State | None = None,
    overdue: bool | None = None,
) -> Filters:
    return Filters(
        programme_no=programme_no, org_unit=org_unit, alone=alone, route_no=route_no, state=state, overdue=overdue
    )


Wanted = Annotated[Filters, Depends(_filters)]


@router.put("/rollouts", policy=WRITE, example=examples.ROLLOUTS, response_model=OutcomesOut)
async def put_rollouts(body: schemas.RolloutsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Put up to 100 roll-outs (换装工程); the points that they plan stay."""
    async with db.begin() as tx:
        wanted = [item.programme() for item in body.items]
        return batch.answer(await planning.put(tx, wanted, by=_by(caller, tx, own)))


@router.get("/rollouts", policy=READ)
async def list_rollouts(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    org_unit: OrgUnit | None = None,
    meter_type: Code | None = None,
) -> Page[schemas.RolloutOut]:
    """List roll-outs, by number."""
    async with db.view() as view:
        rows = await programmes.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            org_unit=org_unit,
            meter_type=meter_type,
        )
    return wanted.page(rows, key=lambda row: (row.programme_no,), item=schemas.RolloutOut.of)


@router.put("/rollout-points", policy=WRITE, example=examples.POINTS, response_model=OutcomesOut)
async def put_points(body: schemas.PointsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Plan up to 1,000 points of roll-outs, or plan them for another day."""
    async with db.begin() as tx:
        wanted = [item.point() for item in body.items]
        return batch.answer(await planning.plan(tx, wanted, by=_by(caller, tx, own)))


@router.post("/rollout-points/withdrawals", policy=WRITE, example=examples.WITHDRAWALS, response_model=OutcomesOut)
async def post_withdrawals(body: schemas.WithdrawalsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Withdraw up to 1,000 points of roll-outs, each with a reason: they count no more, until they are planned again."""
    async with db.begin() as tx:
        given = [item.withdrawal() for item in body.items]
        return batch.answer(await planning.withdraw(tx, given, by=_by(caller, tx, own)))


@router.post("/rollout-failures", policy=WRITE, example=examples.FAILURES, response_model=OutcomesOut)
async def post_failures(body: schemas.FailuresIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Note that meters of up to 1,000 planned points could not be exchanged (换装失败). What is done, installations say."""
    async with db.begin() as tx:
        given = [item.failure() for item in body.items]
        return batch.answer(await planning.fail(tx, given, by=_by(caller, tx, own), policies=own.policies))


@router.get(
    "/rollout-points",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.PointOut],
)
async def list_points(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    filters: Wanted,
    on: On,
    form: spreadsheet.Form = "json",
) -> Response:
    """List the points that roll-outs plan, with what became of them by a day."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        rows = await progress.listed(
            view, on, visible=caller.visible, after=asked.after, limit=asked.fetch, filters=filters
        )
    page = asked.page(rows, key=lambda row: (row.programme_no, row.service_point_no), item=schemas.PointOut.of)
    return spreadsheet.page_or_file(form, page, schemas.PointOut, TooManyRows)


@router.get(
    "/rollout-progress",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.ProgressOut],
)
async def list_progress(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    filters: Wanted,
    on: On,
    form: spreadsheet.Form = "json",
) -> Response:
    """List how far roll-outs have come by a day, by org unit of their points; each figure opens to its points."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        rows = await progress.by_unit(
            view, on, visible=caller.visible, after=asked.after, limit=asked.fetch, filters=filters
        )
    page = asked.page(rows, key=lambda row: (row.programme_no, row.org_unit), item=schemas.ProgressOut.of)
    return spreadsheet.page_or_file(form, page, schemas.ProgressOut, TooManyRows)


@router.get("/rollout-progress/months", policy=READ, responses=spreadsheet.FILE, response_model=schemas.MonthsOut)
async def list_months(
    caller: auth.Current, db: web.Db, filters: Wanted, on: On, form: spreadsheet.Form = "json"
) -> Response:
    """List how far roll-outs have come by a day, month by month."""
    async with db.view() as view:
        planned = await progress.planned_by_day(view, on, visible=caller.visible, filters=filters)
        done = await progress.done_by_day(view, on, visible=caller.visible, filters=filters)
        failed = await progress.failed_by_day(view, on, visible=caller.visible, filters=filters)
    months = [schemas.MonthOut.month_(each) for each in by_month(planned, done, failed)]
    return spreadsheet.page_or_file(
        form, Page(items=months), schemas.MonthOut, TooManyRows, shown=schemas.MonthsOut(items=months)
    )


@router.get(
    "/remote-shares",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.RemoteShareOut],
)
async def list_remote_shares(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    on: On,
    org_unit: OrgUnit | None = None,
    below: Below = False,
    form: spreadsheet.Form = "json",
) -> Response:
    """List by org unit how many points with a meter are read remotely on a day: by the type of the meter, or its own device.

    `below=true`: an org unit with all below it, also one that has no points of its own.
    """
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        types = own.policies.on_or_first(on).rollouts.remote_types
        rows = await rolling_out.remote_by_unit(view, on, types, visible=caller.visible, org_unit=org_unit)
    shares = [Share(org_unit=row.org_unit, points=int(row.points), remote=int(row.remote)) for row in rows]
    if below:
        wide = with_below(shares)
        shares = [
            each
            for each in wide
            if caller.may_see(each.org_unit) and covers([org_unit or WHOLE_UTILITY], each.org_unit)
        ]
    last = asked.last_as(str)
    shown = [each for each in shares if last is None or (each.org_unit,) > last][: asked.fetch]
    page = asked.page(shown, key=lambda each: (each.org_unit,), item=schemas.RemoteShareOut.of)
    return spreadsheet.page_or_file(form, page, schemas.RemoteShareOut, TooManyRows)


@router.get(
    "/remote-shares/points",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.RemotePointOut],
)
async def list_remote_points(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    on: On,
    org_unit: OrgUnit,
    below: Below = False,
    remote: bool | None = None,
    form: spreadsheet.Form = "json",
) -> Response:
    """List the points of an org unit that have a meter on a day, with `below=true` those below it too: as its share counts."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        rows = await rolling_out.remote_points(
            view,
            on,
            own.policies.on_or_first(on).rollouts.remote_types,
            visible=caller.visible,
            after=asked.after,
            limit=asked.fetch,
            org_unit=org_unit,
            below_too=below,
            remote=remote,
        )
    page = asked.page(rows, key=lambda row: (row.service_point_no,), item=schemas.RemotePointOut.of)
    return spreadsheet.page_or_file(form, page, schemas.RemotePointOut, TooManyRows)


def _by(caller: auth.Current, tx: Tx, own: Context) -> By:
    return By(actor=caller.subject, may_see=caller.may_see, today=calendar.local_day(tx.now, own.zone))
