"""Routes of what cases cost: calculated by the rules, proposed, charged, held and withdrawn."""

from typing import Annotated

from fastapi import Path, Query, Response

from services.billing.cases import examples, schemas
from services.billing.cases.api.cases import ON_STATE, READ, WORK, CaseNo, NoFilter
from services.billing.cases.store import cases as cases_store
from services.billing.cases.store import charges as store
from services.billing.cases.use_cases import calculating, charging, comparing, proposing, withdrawing
from services.billing.context import Own
from shared import approvals, web
from shared.fields import Day
from shared.web import auth, business_day, conditional, errors, pagination, state
from shared.web.approvals import ASKED, asked

router = web.Router("/v1", tags=["cases"])
Number = Annotated[int, Path(ge=1, le=schemas.CALCULATIONS_MAX)]


@router.post(
    "/cases/{case_no}/calculations",
    policy=WORK,
    raises=(*ON_STATE, calculating.CalculationRefused, calculating.NotOfThisKind),
    example=examples.CALCULATION,
)
async def post_calculation(
    case_no: CaseNo,
    body: schemas.CalculationIn,
    seen: conditional.VersionSeen,
    caller: auth.Current,
    db: web.Db,
    parts: state.Current,
) -> schemas.CalculationOut:
    """Calculate a case by the dated rules, line by line; nothing is charged by that."""
    business_day.check(parts, body.business_date)
    given = calculating.Given(
        calculation=body.calculation,
        breach_on=body.breach_on,
        input=body.input,
        figures=body.figures,
        days=(body.from_, body.to),
    )
    async with db.begin() as tx:
        number = await calculating.calculate(
            tx, case_no, given, seen=seen, on=body.business_date, actor=caller.subject, may_see=caller.may_see
        )
        row = await store.calculation(tx, case_no, number)
    return schemas.CalculationOut.of(row, follows=True)


@router.get("/cases/{case_no}/calculations/{number}", policy=READ)
async def get_calculation(case_no: CaseNo, number: Number, caller: auth.Current, db: web.Db) -> schemas.CalculationOut:
    """Return a calculation with its working; `follows`: from what is stored the same follows now."""
    async with db.view() as view:
        case = await cases_store.get(view, case_no)
        row = await store.calculation(view, case_no, number)
    if case is None or row is None or not caller.may_see(case.org_unit):
        raise errors.not_found("calculation")
    return schemas.CalculationOut.of(row, follows=calculating.follows(row))


@router.post(
    "/cases/{case_no}/proposal",
    policy=WORK,
    raises=(
        *ON_STATE,
        calculating.UnknownCalculation,
        charging.NothingToCharge,
        charging.AccountUnknown,
        comparing.ChargesStand,
        comparing.BilledTwice,
        comparing.DifferenceNotBilled,
        charging.ChargedBefore,
        charging.NoEvidence,
        approvals.AskedAlready,
    ),
    responses=ASKED,
    example=examples.PROPOSAL,
)
async def propose_charge(
    case_no: CaseNo,
    body: schemas.ProposalIn,
    seen: conditional.VersionSeen,
    caller: auth.Current,
    db: web.Db,
    own: Own,
    parts: state.Current,
) -> Response:
    """Propose to charge what was calculated: two more people approve it, one after the other (`/v1/approvals`).

    What a metering fault comes to is adjusted for once one more person has approved it.
    """
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        found = await proposing.propose(
            tx,
            case_no,
            body.calculation,
            seen=seen,
            penalty_only=body.penalty_only,
            explanation=body.explanation,
            on=body.business_date,
            actor=caller.subject,
            may_see=caller.may_see,
            context=own,
        )
    return asked(found)


@router.get("/charges", policy=READ)
async def list_charges(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: NoFilter = None,
    case_no: NoFilter = None,
    held_on: Annotated[Day | None, Query(description="held of dunning on that day")] = None,
) -> pagination.Page[schemas.ChargeOut]:
    """List what cases charge (追补电费, 违约使用电费)."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            held_on=held_on,
            account_no=account_no,
            case_no=case_no,
        )
    return wanted.page(rows, key=lambda row: (row.charge_no,), item=schemas.ChargeOut.of)


@router.get("/charges/{charge_no}", policy=READ)
async def get_charge(charge_no: CaseNo, caller: auth.Current, db: web.Db) -> schemas.ChargeOut:
    """Return a charge."""
    async with db.view() as view:
        row = await store.get(view, charge_no)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("charge")
    return schemas.ChargeOut.of(row)


@router.post(
    "/charges/{charge_no}/withdrawal",
    policy=WORK,
    raises=(withdrawing.UnknownCharge, withdrawing.WithdrawnAlready, approvals.AskedAlready),
    responses=ASKED,
    example=examples.CHARGE_WITHDRAWAL,
)
async def withdraw_charge(
    charge_no: CaseNo, body: schemas.ChargeWithdrawalIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Ask that a charge be taken back: somebody else approves it, and it is reversed."""
    async with db.begin() as tx:
        found = await withdrawing.withdraw(
            tx,
            charge_no,
            cause=body.cause,
            explanation=body.explanation,
            actor=caller.subject,
            may_see=caller.may_see,
            context=own,
        )
    return asked(found)


@router.post(
    "/charges/{charge_no}/hold",
    policy=WORK,
    raises=(withdrawing.UnknownCharge, withdrawing.WithdrawnAlready, withdrawing.HeldTooLong),
    example=examples.HOLD,
)
async def hold_charge(charge_no: CaseNo, body: schemas.HoldIn, caller: auth.Current, db: web.Db, own: Own) -> None:
    """Hold a disputed charge of dunning up to a day, or end that; it stays payable, and is renewed or ends by itself."""
    async with db.begin() as tx:
        await withdrawing.hold(
            tx,
            charge_no,
            held_until=body.held_until,
            explanation=body.explanation,
            actor=caller.subject,
            may_see=caller.may_see,
            context=own,
        )
