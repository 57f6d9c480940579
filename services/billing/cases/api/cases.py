"""Routes of cases: signals in, cases listed, what an investigator does with them."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query, Response

from services.billing.accounts.schemas import OrgUnit
from services.billing.bills.domain.case_rules import Kind
from services.billing.cases import examples, schemas
from services.billing.cases.domain.cases import State
from services.billing.cases.store import cases as store
from services.billing.cases.store import charges as charges_store
from services.billing.cases.store import signals as signals_store
from services.billing.cases.store import standing
from services.billing.cases.use_cases import calculating, charging, ending, signalling, visiting, working
from services.billing.context import Own
from shared import web
from shared.db.engine import View
from shared.events.fact import MAX_NO
from shared.web import auth, batch, business_day, conditional, errors, pagination, state
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["cases"])
READ, WORK = auth.scope("billing:read"), auth.scope("billing:review")
CaseNo = Annotated[str, Path(min_length=1, max_length=MAX_NO)]
NoFilter = Annotated[str | None, Query(min_length=1, max_length=MAX_NO)]
SHOWN_MAX = 500
ON_STATE = (working.UnknownCase, working.NotPossible, working.TooEarly, business_day.InTheFuture, *conditional.RAISES)


@router.post("/case-signals", policy=WORK, example=examples.TIPS, response_model=OutcomesOut)
async def post_tips(body: schemas.TipsIn, caller: auth.Current, db: web.Db, own: Own) -> web.Json:
    """Take up to 1,000 tips (举报), each answered by itself: with its case, or `waiting` until its point is known."""
    given = [(item.tip_no, item.kind, item.service_point_no, item.seen_on) for item in body.items]
    async with db.begin() as tx:
        outcomes = await signalling.tips(
            tx,
            given,
            actor=caller.subject,
            units=caller.org_units,
            may_see=caller.may_see,
            last=tx.now.astimezone(own.zone).date() + timedelta(days=1),
            context=own,
        )
    return batch.answer(outcomes)


@router.get("/case-signals", policy=READ)
async def list_signals(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    state: schemas.SignalState | None = None,
    kind: Kind | None = None,
    service_point_no: NoFilter = None,
) -> pagination.Page[schemas.SignalOut]:
    """List signals: those that wait for their point, of ended cases (`late`), refused ones, or all."""
    async with db.view() as view:
        rows = await signals_store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            state=state,
            kind=kind,
            service_point_no=service_point_no,
        )
    return wanted.page(rows, key=lambda row: (row.signal_id,), item=schemas.SignalOut.of)


@router.get("/cases", policy=READ)
async def list_cases(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    kind: Kind | None = None,
    state: State | None = None,
    assignee: NoFilter = None,
    service_point_no: NoFilter = None,
    account_no: NoFilter = None,
    org_unit: OrgUnit | None = None,
    overdue: Annotated[bool, Query(description="a step was due before the latest business date")] = False,
) -> pagination.Page[schemas.CaseHead]:
    """List cases (案件), those of the earliest signal first; of an org unit with all below it."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            org_unit=org_unit,
            overdue=overdue,
            kind=kind,
            state=state,
            assignee=assignee,
            service_point_no=service_point_no,
            account_no=account_no,
        )
        stands = await standing.of(view, [row.case_no for row in rows])
    return wanted.page(
        rows,
        key=lambda row: (row.first_signal_on, row.case_no),
        item=lambda row: schemas.CaseHead.of(row, stands[row.case_no]),
    )


@router.get("/case-counts", policy=READ)
async def count_cases(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, org_unit: OrgUnit | None = None
) -> pagination.Page[schemas.CaseCountOut]:
    """Count cases by kind and state, and those that are overdue."""
    last = wanted.last_as(str, str)
    async with db.view() as view:
        rows = await store.counts(view, visible=caller.visible, org_unit=org_unit)
    rows = [row for row in rows if last is None or (row.kind, row.state) > last][: wanted.fetch]
    return wanted.page(
        rows,
        key=lambda row: (row.kind, row.state),
        item=lambda row: schemas.CaseCountOut.model_validate(dict(row._mapping)),
    )


@router.get("/cases/{case_no}", policy=READ)
async def get_case(case_no: CaseNo, caller: auth.Current, db: web.Db, response: Response) -> schemas.CaseOut:
    """Return a case with its signals, steps, evidence, moves, calculations and charges."""
    async with db.view() as view:
        found = await _whole(view, case_no)
    if found is None or not caller.may_see(found.org_unit):
        raise errors.not_found("case")
    response.headers["ETag"] = conditional.etag(found.row_version)
    return found


async def _whole(view: View, case_no: str) -> schemas.CaseOut | None:
    row = await store.get(view, case_no)
    if row is None:
        return None
    steps = await store.steps(view, case_no)
    told = await signals_store.of_case(view, case_no, SHOWN_MAX)
    evidence = await store.evidence(view, case_no, SHOWN_MAX)
    moves = await store.events(view, case_no, SHOWN_MAX)
    worked = await charges_store.calculations(view, case_no, SHOWN_MAX)
    charges = await charges_store.of_case(view, case_no, SHOWN_MAX)
    changed = await standing.class_changes(view, [case_no])
    stands = (await standing.of(view, [case_no], changed))[case_no]
    return schemas.CaseOut(
        **schemas.CaseHead.of(row, stands).model_dump(),
        explanation=row.explanation,
        steps=[schemas.StepOut.model_validate(each, from_attributes=True) for each in steps],
        signals=[schemas.SignalOut.of(each) for each in told],
        evidence=[schemas.EvidenceOut.model_validate(each, from_attributes=True) for each in evidence],
        moves=[schemas.MoveOut.model_validate(each, from_attributes=True) for each in moves],
        calculations=[schemas.CalculationOut.of(each, follows=calculating.follows(each)) for each in worked],
        charges=[schemas.ChargeOut.of(each) for each in charges],
        reclassings=[schemas.ReclassOut.of(each) for each in changed.get(case_no, ())],
        stands=[schemas.StandsOut.of(each) for each in stands.documents],
    )


@router.post(
    "/cases/{case_no}/assignment",
    policy=WORK,
    raises=(working.UnknownCase, working.NotPossible),
    example=examples.ASSIGNMENT,
)
async def assign_case(case_no: CaseNo, body: schemas.AssignmentIn, caller: auth.Current, db: web.Db) -> None:
    """Give a case to an investigator; with the first one the investigation begins."""
    async with db.begin() as tx:
        await working.assign(tx, case_no, assignee=body.assignee, actor=caller.subject, may_see=caller.may_see)


@router.post(
    "/cases/{case_no}/evidence",
    policy=WORK,
    raises=(working.UnknownCase, working.TooMuchEvidence),
    example=examples.EVIDENCE,
    response_model=OutcomesOut,
)
async def post_evidence(case_no: CaseNo, body: schemas.EvidenceListIn, caller: auth.Current, db: web.Db) -> web.Json:
    """Add evidence: references, each answered by itself. It is never edited."""
    given = [item.model_dump() for item in body.items]
    async with db.begin() as tx:
        outcomes = await working.add_evidence(tx, case_no, given, actor=caller.subject, may_see=caller.may_see)
    return batch.answer(outcomes)


@router.post(
    "/cases/{case_no}/evidence/{evidence_no}/withdrawal",
    policy=WORK,
    raises=(working.UnknownCase, working.UnknownEvidence, working.NotPossible),
    example=examples.WITHDRAWAL,
)
async def withdraw_evidence(
    case_no: CaseNo, evidence_no: CaseNo, body: schemas.WithdrawalIn, caller: auth.Current, db: web.Db
) -> None:
    """Withdraw evidence with a reason; it stays listed."""
    async with db.begin() as tx:
        await working.withdraw_evidence(
            tx, case_no, evidence_no, reason=body.reason, actor=caller.subject, may_see=caller.may_see
        )


@router.post(
    "/cases/{case_no}/steps",
    policy=WORK,
    raises=(working.UnknownCase, working.NotPossible, working.TooEarly, business_day.InTheFuture),
    example=examples.STEP,
)
async def post_step(
    case_no: CaseNo, body: schemas.StepIn, caller: auth.Current, db: web.Db, parts: state.Current
) -> None:
    """Note that the place was looked at."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        await working.checked(tx, case_no, on=body.business_date, actor=caller.subject, may_see=caller.may_see)


@router.post(
    "/cases/{case_no}/site-orders",
    policy=WORK,
    raises=(
        *(working.UnknownCase, working.NotPossible, working.TooEarly),
        *(business_day.InTheFuture, charging.AccountUnknown),
    ),
    example=examples.SITE_ORDER,
)
async def send_to_site(
    case_no: CaseNo, body: schemas.SiteOrderIn, caller: auth.Current, db: web.Db, parts: state.Current
) -> schemas.SiteOrderOut:
    """Ask for a check of the use or an inspection; what is found joins the case as evidence."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        order_no = await visiting.send(
            tx, case_no, body.kind, on=body.business_date, actor=caller.subject, may_see=caller.may_see
        )
    return schemas.SiteOrderOut(order_no=order_no)


@router.post(
    "/cases/{case_no}/dismissal",
    policy=WORK,
    raises=(*ON_STATE, ending.MoneyStands),
    example=examples.DISMISSAL,
)
async def dismiss_case(
    case_no: CaseNo,
    body: schemas.DismissalIn,
    seen: conditional.VersionSeen,
    caller: auth.Current,
    db: web.Db,
    parts: state.Current,
) -> None:
    """End a case with nothing found, or nothing that was not known, and why."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        await ending.dismiss(
            tx,
            case_no,
            seen=seen,
            explanation=body.explanation,
            verdict=body.verdict,
            on=body.business_date,
            actor=caller.subject,
            may_see=caller.may_see,
        )


@router.post(
    "/cases/{case_no}/confirmation",
    policy=WORK,
    raises=(*ON_STATE, ending.NothingStands),
    example=examples.CONFIRMATION,
)
async def confirm_case(
    case_no: CaseNo,
    body: schemas.ConfirmationIn,
    seen: conditional.VersionSeen,
    caller: auth.Current,
    db: web.Db,
    parts: state.Current,
) -> None:
    """End a case that was looked into again with what stands of it, and why: no money moves."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        await ending.confirm(
            tx,
            case_no,
            seen=seen,
            explanation=body.explanation,
            on=body.business_date,
            actor=caller.subject,
            may_see=caller.may_see,
        )


@router.post(
    "/cases/{case_no}/reopening",
    policy=WORK,
    raises=(*ON_STATE, working.AnotherIsOpen),
    example=examples.REOPENING,
)
async def reopen_case(
    case_no: CaseNo,
    body: schemas.ReopeningIn,
    seen: conditional.VersionSeen,
    caller: auth.Current,
    db: web.Db,
    own: Own,
    parts: state.Current,
) -> None:
    """Look into a case that has ended again, and why; its steps run anew."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        await working.reopen(
            tx,
            case_no,
            seen=seen,
            reason=body.reason,
            on=body.business_date,
            actor=caller.subject,
            may_see=caller.may_see,
            context=own,
        )
