"""Trial runs over HTTP: a tariff is tried before it is law."""

from typing import Annotated, Any

from fastapi import Path
from sqlalchemy import Row

from services.billing.context import Own
from services.billing.tariffs import use_cases as tariffs
from services.billing.trials import examples, store
from services.billing.trials.domain.trial import Scope
from services.billing.trials.schemas import StopIn, TrialIn, TrialOut, TrialReportOut
from services.billing.trials.use_cases import asking, setting
from shared import web
from shared.events.fact import MAX_NO
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["trials"])
READ = auth.scope("billing:read")
TrialId = Annotated[str, Path(min_length=1, max_length=MAX_NO)]
ACCEPTED = 202


@router.post(
    "/trial-runs",
    policy=READ,
    raises=(
        asking.TooManyWait,
        asking.CyclesWrong,
        asking.BeginsLater,
        asking.NothingBegins,
        setting.ProposalUnknown,
        setting.PolicyWrong,
        tariffs.DocumentWrong,
    ),
    status_code=ACCEPTED,
    heavy=True,
    example=examples.TRIAL,
)
async def ask(body: TrialIn, own: Own, caller: auth.Current, db: web.Db) -> TrialOut:
    """Have bills of cycles rated again under proposed documents, a proposed policy, or neither: by the software as it is now.

    Nothing is stored but the report (`GET /v1/trial-runs/{trial_id}`). The bills of the ladder year follow from the first day
    that differs, as they would once the documents are activated: a tariff of coming days is tried `as_if_from` a day that is
    billed. One trial waits or runs at a time.
    """
    caller.require(body.org_unit)
    wish = asking.Wish(
        scope=Scope(org_unit=body.org_unit, route_no=body.route_no, cycle_from=body.cycle_from, cycle_to=body.cycle_to),
        proposals=body.proposals,
        policy=body.policy,
        as_if_from=body.as_if_from,
        reason=body.reason,
    )
    async with db.begin() as tx:
        row = await asking.ask(tx, wish, actor=caller.subject, context=own)
    return TrialOut.of(row)


@router.get("/trial-runs", policy=READ)
async def list_trials(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[TrialOut]:
    """List trial runs, oldest first."""
    async with db.view() as view:
        rows = await store.page(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.trial_id,), item=TrialOut.of)


@router.get("/trial-runs/{trial_id}", policy=READ)
async def get_trial(trial_id: TrialId, caller: auth.Current, db: web.Db) -> TrialReportOut:
    """Return a trial run with its report, which grows while it runs."""
    async with db.view() as view:
        row = await store.get(view, trial_id)
    return TrialReportOut.of(_seen(row, caller))


@router.post("/trial-runs/{trial_id}/stop", policy=READ, raises=(asking.NotYours,), example=examples.STOP)
async def stop(trial_id: TrialId, body: StopIn, caller: auth.Current, db: web.Db) -> TrialReportOut:
    """Stop a trial run after the chunk at hand; what it has reported stays. One that is over is answered as it is.

    By who asked for it, or who has `billing:release`.
    """
    async with db.begin() as tx:
        row = _seen(await store.get(tx, trial_id, lock=True), caller)
        of_anybody = caller.has(asking.STOPS_ANY)
        await asking.stop(tx, row, reason=body.reason, actor=caller.subject, of_anybody=of_anybody)
        stopped = await store.get(tx, trial_id)
    return TrialReportOut.of(_seen(stopped, caller))


def _seen(row: Row[Any] | None, caller: auth.Caller) -> Row[Any]:
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("trial run")
    return row
