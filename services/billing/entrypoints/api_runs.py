"""Bill runs and the release switch over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Request, Response
from sqlalchemy import func, select

from services.billing.adapters import runs_store
from services.billing.adapters.tables import BILL, BILL_RUN, IS_WAITING, USAGE
from services.billing.application import runs
from services.billing.application.context import Context
from services.billing.domain.runs import MOVES, RELEASED
from services.billing.entrypoints import examples
from services.billing.entrypoints.schemas import ReleaseIn, RunOut, SwitchIn, SwitchOut, WaitingUsage
from shared import web
from shared.events.fact import MAX_NO, Month
from shared.web import auth, business_day, conditional, errors, pagination

router = web.Router("/v1", tags=["runs"])
RouteNo = Annotated[str, Path(min_length=1, max_length=MAX_NO)]
READ, RELEASE = auth.scope("billing:read"), auth.scope("billing:release")


@router.get("/runs", policy=READ)
async def list_runs(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    cycle: Annotated[Month | None, Query()] = None,
    status: Annotated[str | None, Query(pattern="^(" + "|".join(MOVES) + ")$", max_length=16)] = None,
) -> pagination.Page[RunOut]:
    """List bill runs by cycle and route."""
    r = BILL_RUN.c
    statement = select(BILL_RUN).where(caller.visible(r.org_unit), wanted.after(r.cycle, r.route_no))
    if cycle is not None:
        statement = statement.where(r.cycle == cycle)
    if status is not None:
        statement = statement.where(r.status == status)
    async with db.view() as view:
        rows = await view.all(statement.order_by(r.cycle, r.route_no).limit(wanted.fetch))
        switch = await runs_store.switch(view)
    stopped = bool(switch and switch.stopped)
    return wanted.page(rows, key=lambda row: (row.cycle, row.route_no), item=lambda row: _run(row, stopped, {}))


@router.get("/runs/{route_no}/{cycle}", policy=READ)
async def get_run(route_no: RouteNo, cycle: Month, caller: auth.Current, db: web.Db, response: Response) -> RunOut:
    """Return a bill run with its bills by status."""
    b = BILL.c
    async with db.view() as view:
        row = await view.first(select(BILL_RUN).where(BILL_RUN.c.route_no == route_no, BILL_RUN.c.cycle == cycle))
        if row is None or not caller.may_see(row.org_unit):
            raise errors.not_found("run")
        counted = await view.all(
            select(b.status, func.count().label("n")).where(b.route_no == route_no, b.cycle == cycle).group_by(b.status)
        )
        switch = await runs_store.switch(view)
    response.headers["ETag"] = conditional.etag(row.version)
    return _run(row, bool(switch and switch.stopped), {c.status: c.n for c in counted})


@router.post(
    "/runs/{route_no}/{cycle}/release",
    policy=RELEASE,
    raises=(
        runs.UnknownRun,
        runs.StaleRun,
        runs.NotInReview,
        runs.ReleaserRead,
        business_day.InTheFuture,
        *conditional.RAISES,
    ),
    example=examples.RELEASE,
)
async def release_run(
    route_no: RouteNo,
    cycle: Month,
    body: ReleaseIn,
    seen: conditional.VersionSeen,
    request: Request,
    caller: auth.Current,
    db: web.Db,
) -> RunOut:
    """Release a run in review: its ready bills are issued, held ones stay behind."""
    business_day.check(request.app.state.web, body.business_date)
    context: Context = request.app.state.context
    async with db.view() as view:
        row = await view.first(select(BILL_RUN).where(BILL_RUN.c.route_no == route_no, BILL_RUN.c.cycle == cycle))
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("run")
    async with db.begin() as tx:
        await runs.release(
            tx,
            route_no=route_no,
            cycle=cycle,
            seen=seen,
            actor=caller.subject,
            explanation=body.explanation,
            business_date=body.business_date,
            context=context,
        )
        (row,) = await runs_store.lock(tx, [(route_no, cycle)])
        switch = await runs_store.switch(tx)
    return _run(row, bool(switch and switch.stopped), {})


@router.get("/waiting-usages", policy=READ)
async def list_waiting(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[WaitingUsage]:
    """List the usages that wait for a contract, by service point."""
    u = USAGE.c
    names = tuple(WaitingUsage.model_fields)
    statement = select(*(u[name] for name in names)).where(
        caller.visible(u.org_unit), IS_WAITING, wanted.after(u.service_point_no, u.usage_id)
    )
    async with db.view() as view:
        rows = await view.all(statement.order_by(u.service_point_no, u.usage_id).limit(wanted.fetch))
    return wanted.page(
        rows, key=lambda row: (row.service_point_no, row.usage_id), item=lambda row: WaitingUsage(**row._mapping)
    )


@router.get("/release-switch", policy=READ)
async def get_switch(db: web.Db, response: Response) -> SwitchOut:
    """Return whether releases are stopped."""
    async with db.view() as view:
        row = await runs_store.switch(view)
    version = row.version if row else 0
    response.headers["ETag"] = conditional.etag(version)
    return SwitchOut(stopped=bool(row and row.stopped), reason=row.reason if row else "", version=version)


@router.put(
    "/release-switch",
    policy=RELEASE,
    raises=(runs.StaleSwitch, *conditional.RAISES),
    example=examples.SWITCH,
)
async def put_switch(
    body: SwitchIn, seen: conditional.VersionSeen, request: Request, caller: auth.Current, db: web.Db
) -> SwitchOut:
    """Stop or resume all releases; a chunk that is being issued is finished first."""
    context: Context = request.app.state.context
    async with db.begin() as tx:
        version = await runs.throw_switch(
            tx, stopped=body.stopped, reason=body.reason, seen=seen, actor=caller.subject, context=context
        )
    return SwitchOut(stopped=body.stopped, reason=body.reason, version=version)


def _run(row: Any, stopped: bool, bills: dict[str, int]) -> RunOut:
    values = dict(row._mapping) | {
        "findings": orjson.loads(row.findings),
        "stopped": stopped and row.status != RELEASED,
        "bills": bills,
    }
    return RunOut(**values)
