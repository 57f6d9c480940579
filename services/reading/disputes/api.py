"""Routes of disputes: opened, led from step to step, listed, and the history that a customer is shown."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Path
from starlette.responses import Response

from services.reading.context import READ, WRITE, Context, Own
from services.reading.disputes import examples, schemas, store
from services.reading.disputes.domain import LIFE
from services.reading.disputes.store import Filters
from services.reading.disputes.use_cases import history, opening, reporting, stepping, testing
from services.reading.disputes.use_cases.stepping import By
from services.reading.network.schemas import No, OrgUnit
from shared import web
from shared.approvals import AskedAlready
from shared.business_calendar import YearUnknown
from shared.db.engine import Tx, View
from shared.fields import Day, Month
from shared.web import approvals, auth, batch, business_day, pagination, spreadsheet
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["disputes"])
NUMBER = Annotated[No, Path()]
STEP = (
    stepping.UnknownDispute,
    stepping.NotPossible,
    business_day.InTheFuture,
    stepping.BeforeTheLast,
    YearUnknown,
)


def _filters(
    state: schemas.State | None = None,
    service_point_no: No | None = None,
    org_unit: OrgUnit | None = None,
    due_by: Day | None = None,
    lapsed_on: Day | None = None,
) -> Filters:
    return Filters(
        state=state, service_point_no=service_point_no, org_unit=org_unit, due_by=due_by, lapsed_on=lapsed_on
    )


@router.post("/disputes", policy=WRITE, example=examples.DISPUTES, response_model=OutcomesOut)
async def post_disputes(body: schemas.DisputesIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Open up to 1,000 disputes (用电疑问), each answered by itself. Bills stay payable; of those in doubt nobody is reminded."""
    async with db.begin() as tx:
        outcomes = await opening.open_(
            tx,
            [item.doubt() for item in body.items],
            actor=caller.subject,
            may_see=caller.may_see,
            own=own,
            last=own.last_day(tx.now),
        )
    return batch.answer(outcomes)


@router.get("/disputes", policy=READ)
async def list_disputes(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, filters: Annotated[Filters, Depends(_filters)]
) -> pagination.Page[schemas.DisputeOut]:
    """List disputes, those opened first at first.

    `due_by`: whose step is due on that day or before; `lapsed_on`: not ended, and their hold was over before that day.
    """
    async with db.view() as view:
        rows = await store.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters)
    return wanted.page(rows, key=lambda row: (row.opened_on, row.dispute_no), item=schemas.DisputeOut.of)


@router.get(
    "/dispute-report",
    policy=READ,
    response_model=schemas.DisputeReportOut,
    responses=spreadsheet.FILE,
)
async def get_report(
    month: Month,
    caller: auth.Current,
    db: web.Db,
    org_unit: OrgUnit | None = None,
    form: spreadsheet.Form = "json",
) -> Response:
    """Return where disputes ended in a month, over the caller's org units, and which verifications that saved."""
    async with db.view() as view:
        found = await reporting.of_month(view, month, visible=caller.visible, org_unit=org_unit)
    shown = schemas.DisputeReportOut(month=month, items=[schemas.UnitReportOut.of(each) for each in found])
    if form == "csv":
        return _csv(shown)
    return web.Json(shown.model_dump(mode="json"))


def _csv(report: schemas.DisputeReportOut) -> Response:
    """Return a row for each org unit; of outcomes the codes with their counts."""
    left, right = ("org_unit", "opened", "ended"), ("adjusted_documents", "adjusted_wh", "adjusted_fen")
    steps = LIFE.sources("end")
    at_steps = [f"ended_at_{step}" for step in steps]
    rows = []
    for each in report.items:
        counts = [each.ended_at.get(step, 0) for step in steps]
        outcomes = " ".join(f"{code}={count}" for code, count in sorted(each.outcomes.items()))
        row = [report.month, *(getattr(each, name) for name in left), *counts, each.verifications_saved]
        rows.append([*row, *(getattr(each, name) for name in right), outcomes])
    return spreadsheet.answer(["month", *left, *at_steps, "verifications_saved", *right, "outcomes"], rows)


@router.get("/disputes/{dispute_no}", policy=READ, raises=(stepping.UnknownDispute,))
async def get_dispute(dispute_no: NUMBER, caller: auth.Current, db: web.Db) -> schemas.DisputeWithTestOut:
    """Return a dispute as it stands, with what the test of its meter showed."""
    async with db.view() as view:
        dispute = (await store.by_no(view, [dispute_no])).get(dispute_no)
        if dispute is None or not caller.may_see(dispute.opened.org_unit):
            raise stepping.UnknownDispute
        return await _whole(view, dispute_no)


@router.get("/disputes/{dispute_no}/history", policy=READ, raises=(stepping.UnknownDispute,))
async def get_history(dispute_no: NUMBER, caller: auth.Current, db: web.Db, own: Own) -> schemas.HistoryOut:
    """Return what the point has used over 24 months: usages, reads and estimates side by side, what is around it, curves."""
    async with db.view() as view:
        dispute = (await store.by_no(view, [dispute_no])).get(dispute_no)
        if dispute is None or not caller.may_see(dispute.opened.org_unit):
            raise stepping.UnknownDispute
        return schemas.HistoryOut.of(dispute, await history.of(view, dispute, own.zone))


@router.post("/disputes/{dispute_no}/history", policy=WRITE, example=examples.HISTORY, raises=STEP)
async def post_history(
    dispute_no: NUMBER, body: schemas.StepIn, caller: auth.Current, db: web.Db, own: Own
) -> schemas.DisputeWithTestOut:
    """Note that the customer was shown the history of the point, and told what it says."""
    async with db.begin() as tx:
        await stepping.show_history(tx, dispute_no, by=_by(caller, body.on, tx, own), own=own)
        return await _whole(tx, dispute_no)


@router.post(
    "/disputes/{dispute_no}/joint-reread",
    policy=WRITE,
    example=examples.JOINT_REREAD,
    raises=(*STEP, stepping.TooSoon, stepping.NumberTaken),
)
async def post_joint_reread(
    dispute_no: NUMBER, body: schemas.JointRereadIn, caller: auth.Current, db: web.Db, own: Own
) -> schemas.DisputeWithTestOut:
    """Ask for a joint re-read (共同复抄), and the customer whether the day suits; again with another day: propose that one."""
    async with db.begin() as tx:
        by = _by(caller, body.on, tx, own)
        await stepping.read_together(tx, dispute_no, order_no=body.order_no, visit=body.visit(), by=by, own=own)
        return await _whole(tx, dispute_no)


@router.post(
    "/disputes/{dispute_no}/verification",
    policy=WRITE,
    example=examples.VERIFICATION,
    raises=(*STEP, stepping.NumberTaken, stepping.OrderUnfinished, stepping.CustomerNotThere),
)
async def post_verification(
    dispute_no: NUMBER, body: schemas.VerificationIn, caller: auth.Current, db: web.Db, own: Own
) -> schemas.DisputeWithTestOut:
    """Ask for the verification of the meter (校表), once its joint re-read has ended."""
    async with db.begin() as tx:
        await stepping.verify(tx, dispute_no, order_no=body.order_no, by=_by(caller, body.on, tx, own), own=own)
        return await _whole(tx, dispute_no)


@router.post(
    "/disputes/{dispute_no}/test-result",
    policy=WRITE,
    example=examples.TEST,
    status_code=202,
    response_model=approvals.Asked,
    raises=(
        *(stepping.UnknownDispute, stepping.NotPossible, business_day.InTheFuture, stepping.OrderUnfinished),
        *(testing.OtherMeter, testing.UnknownClass, testing.SpanNotKnown, testing.NoSpan, testing.WrongError),
        *(testing.ContradictsOrder, AskedAlready),
    ),
)
async def post_test_result(
    dispute_no: NUMBER, body: schemas.ResultIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Enter what the test of the meter showed; somebody else decides on it (`/v1/approvals`), and money follows from it then."""
    async with db.begin() as tx:
        asked = await testing.enter(tx, dispute_no, body.result(), by=_by(caller, body.on, tx, own), own=own)
    return approvals.asked(asked)


@router.post("/disputes/{dispute_no}/hold", policy=WRITE, example=examples.HOLD, raises=STEP)
async def post_hold(
    dispute_no: NUMBER, body: schemas.StepIn, caller: auth.Current, db: web.Db, own: Own
) -> schemas.DisputeWithTestOut:
    """Hold dunning of the disputed bills for as many days more as the policy says, from a business date on."""
    async with db.begin() as tx:
        await stepping.renew_hold(tx, dispute_no, by=_by(caller, body.on, tx, own), own=own)
        return await _whole(tx, dispute_no)


@router.post(
    "/disputes/{dispute_no}/end",
    policy=WRITE,
    example=examples.END,
    raises=(*STEP, stepping.OrderUnfinished, stepping.ResultMissing, stepping.UnknownOutcome),
)
async def post_end(
    dispute_no: NUMBER, body: schemas.EndIn, caller: auth.Current, db: web.Db, own: Own
) -> schemas.DisputeWithTestOut:
    """End a dispute at the step where it stands; its bills are reminded of again."""
    async with db.begin() as tx:
        by = _by(caller, body.on, tx, own)
        await stepping.end(tx, dispute_no, outcome=body.outcome, explanation=body.explanation, by=by, own=own)
        return await _whole(tx, dispute_no)


async def _whole(view: View, dispute_no: str) -> schemas.DisputeWithTestOut:
    dispute = (await store.by_no(view, [dispute_no]))[dispute_no]
    return schemas.DisputeWithTestOut.whole(dispute, await store.last_test(view, dispute_no))


def _by(caller: auth.Current, on: date, tx: Tx, own: Context) -> By:
    return By(actor=caller.subject, may_see=caller.may_see, on=on, last=own.last_day(tx.now))
