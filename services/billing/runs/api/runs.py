"""Bill runs and the release switch over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Path, Query, Response

from services.billing.bills.store import shown
from services.billing.context import Own
from services.billing.runs import examples, store
from services.billing.runs.domain import LIFE, RELEASED, STEPS
from services.billing.runs.schemas import ReleaseIn, RunClockOut, RunOut, StepOut, SwitchIn, SwitchOut
from services.billing.runs.use_cases import clocks, release, switch
from shared import approvals, web
from shared.business_calendar import YearUnknown
from shared.events.fact import MAX_NO
from shared.fields import Month
from shared.web import auth, business_day, conditional, errors, pagination, spreadsheet, state
from shared.web.approvals import ASKED, asked

router = web.Router("/v1", tags=["runs"])
RouteNo = Annotated[str, Path(min_length=1, max_length=MAX_NO)]
Form = Annotated[Literal["json", "csv"], Query(alias="format", description="csv: all in one file, without pages")]
READ, RELEASE = auth.scope("billing:read"), auth.scope("billing:release")


@router.get("/runs", policy=READ)
async def list_runs(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    cycle: Annotated[Month | None, Query()] = None,
    status: Annotated[str | None, Query(pattern="^(" + "|".join(LIFE.states) + ")$", max_length=16)] = None,
    unexplained: Annotated[bool, Query(description="those with unexplained points that nobody let go")] = False,
) -> pagination.Page[RunOut]:
    """List bill runs by cycle and route."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            cycle=cycle,
            status=status,
            unexplained=unexplained,
        )
        thrown = await store.switch(view)
    stopped = bool(thrown and thrown.stopped)
    return wanted.page(rows, key=lambda row: (row.cycle, row.route_no), item=lambda row: _run(row, stopped, {}))


@router.get(
    "/run-clocks",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(clocks.TooManyRuns,),
    response_model=pagination.Page[RunClockOut],
)
async def list_clocks(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    cycle: Annotated[Month, Query()],
    breached: Annotated[bool, Query(description="those with a late step")] = False,
    form: Form = "json",
) -> Response:
    """List the clocks of the closed runs of a cycle by route: each step in business days, and who is waited for.

    `format=csv`: all of them, one run a row.
    """
    if form == "csv":
        wanted = pagination.Wanted(clocks.RUNS_MAX)
    last = wanted.last_as(str)
    async with db.view() as view:
        found = await clocks.of_cycle(view, cycle, visible=caller.visible, context=own)
    meant = [each for each in found if each.breached or not breached]
    rows = [each for each in meant if last is None or each.run.route_no > last[0]][: wanted.fetch]
    page = wanted.page(rows, key=lambda each: (each.run.route_no,), item=_clock)
    if form == "json":
        return web.Json(page.model_dump(mode="json"))
    return spreadsheet.answer([*_PLAIN, *_OF_STEPS, "breached", "held_by"], [_cells(item) for item in page.items])


@router.get("/runs/{route_no}/{cycle}", policy=READ)
async def get_run(route_no: RouteNo, cycle: Month, caller: auth.Current, db: web.Db, response: Response) -> RunOut:
    """Return a bill run with its bills by status."""
    async with db.view() as view:
        row = await store.get(view, route_no, cycle)
        if row is None or not caller.may_see(row.org_unit):
            raise errors.not_found("run")
        counted = await shown.count_of_run(view, route_no, cycle)
        thrown = await store.switch(view)
    response.headers["ETag"] = conditional.etag(row.version)
    return _run(row, bool(thrown and thrown.stopped), counted)


@router.post(
    "/runs/{route_no}/{cycle}/release",
    policy=RELEASE,
    raises=(
        release.NotInReview,
        release.ReleaserRead,
        release.TooEarly,
        release.ExplanationMissing,
        YearUnknown,
        business_day.InTheFuture,
        approvals.AskedAlready,
        *conditional.RAISES,
    ),
    responses=ASKED,
    response_model=RunOut,
    example=examples.RELEASE,
)
async def release_run(
    route_no: RouteNo,
    cycle: Month,
    body: ReleaseIn,
    seen: conditional.VersionSeen,
    own: Own,
    parts: state.Current,
    caller: auth.Current,
    db: web.Db,
) -> Response:
    """Release a run in review: its ready bills are issued, held ones stay behind.

    202 where its total is beyond the limits, or the day lies before its `due_on`, and it is of an amount that the policy names:
    somebody else approves it (`/v1/approvals`).
    """
    business_day.check(parts, body.business_date)
    async with db.view() as view:
        row = await store.get(view, route_no, cycle)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("run")
    async with db.begin() as tx:
        wanted = release.Release(
            route_no=route_no,
            cycle=cycle,
            seen=seen,
            actor=caller.subject,
            explanation=body.explanation,
            business_date=body.business_date,
        )
        found = await release.release(tx, wanted, context=own)
        (row,) = await store.lock(tx, [(route_no, cycle)])
        thrown = await store.switch(tx)
    if found is not None:
        return asked(found)
    return web.Json(_run(row, bool(thrown and thrown.stopped), {}).model_dump(mode="json"))


@router.get("/release-switch", policy=READ)
async def get_switch(db: web.Db, response: Response) -> SwitchOut:
    """Return whether releases are stopped."""
    async with db.view() as view:
        row = await store.switch(view)
    version = row.version if row else 0
    response.headers["ETag"] = conditional.etag(version)
    return SwitchOut(stopped=bool(row and row.stopped), reason=row.reason if row else "", version=version)


@router.put(
    "/release-switch",
    policy=auth.scope("billing:release", whole_utility=True),
    raises=conditional.RAISES,
    example=examples.SWITCH,
)
async def put_switch(
    body: SwitchIn, seen: conditional.VersionSeen, own: Own, caller: auth.Current, db: web.Db
) -> SwitchOut:
    """Stop or resume all releases; a chunk that is being issued is finished first."""
    async with db.begin() as tx:
        version = await switch.throw(
            tx, stopped=body.stopped, reason=body.reason, seen=seen, actor=caller.subject, context=own
        )
    return SwitchOut(stopped=body.stopped, reason=body.reason, version=version)


def _clock(clock: clocks.Clock) -> RunClockOut:
    return RunClockOut(
        **{name: clock.run._mapping[name] for name in ("route_no", "cycle", "org_unit", "status")},
        read_date=clock.read_date,
        steps=[StepOut.model_validate(asdict(each)) for each in clock.steps],
        breached=clock.breached,
        held_by=clock.held_by,
    )


_PLAIN: Final = ("route_no", "cycle", "org_unit", "status", "read_date")
_TIMES: Final = tuple(name for name in StepOut.model_fields if name != "step")
_OF_STEPS: Final = tuple(f"{step}_{name}" for step in STEPS for name in _TIMES)


def _cells(item: RunClockOut) -> list[Any]:
    """Return a run as a row of the file: its steps side by side, and those that are late with a blank between."""
    shown = item.model_dump(mode="json")
    times = [step[name] for step in shown["steps"] for name in _TIMES]
    return [*(shown[name] for name in _PLAIN), *times, " ".join(item.breached), item.held_by]


def _run(row: Any, stopped: bool, bills: dict[str, int]) -> RunOut:
    values = dict(row._mapping) | {
        "findings": orjson.loads(row.findings),
        "stopped": stopped and row.status != RELEASED,
        "bills": bills,
    }
    return RunOut(**values)
