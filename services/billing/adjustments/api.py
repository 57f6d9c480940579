"""Routes of adjustments for tested meters, and of the tests."""

from typing import Annotated

from fastapi import Path, Response

from services.billing.adjustments import examples, schemas, store
from services.billing.adjustments.use_cases import withdrawing
from services.billing.bills.api.bills import READ, NoFilter
from services.billing.context import Own
from shared import approvals, web
from shared.events.fact import MAX_NO
from shared.web import auth, errors, pagination
from shared.web.approvals import ASKED, asked

router = web.Router("/v1", tags=["adjustments"])
WORK = auth.scope("billing:review")


@router.get("/meter-tests", policy=READ)
async def list_tests(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, state: schemas.State | None = None
) -> pagination.Page[schemas.MeterTestOut]:
    """List tested meters, and what became of each."""
    async with db.view() as view:
        rows = await store.tests(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, state=state)
    return wanted.page(rows, key=lambda row: (row.dispute_no,), item=schemas.MeterTestOut.of)


@router.get("/adjustments", policy=READ)
async def list_adjustments(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: NoFilter = None,
    dispute_no: NoFilter = None,
    case_no: NoFilter = None,
) -> pagination.Page[schemas.AdjustmentOut]:
    """List adjustments for tested meters (计量误差退补), in the order in which they were issued."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            dispute_no=dispute_no,
            case_no=case_no,
        )
    return wanted.page(rows, key=lambda row: (row.adjustment_id,), item=schemas.AdjustmentOut.of)


@router.get("/adjustments/{adjustment_id}", policy=READ)
async def get_adjustment(
    adjustment_id: Annotated[str, Path(min_length=1, max_length=MAX_NO)], caller: auth.Current, db: web.Db
) -> schemas.WorkedAdjustmentOut:
    """Return an adjustment with how it comes about."""
    async with db.view() as view:
        row = await store.row(view, adjustment_id)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("adjustment")
    return schemas.WorkedAdjustmentOut.whole(row)


@router.post(
    "/adjustments/{adjustment_id}/withdrawal",
    policy=WORK,
    raises=(
        *(withdrawing.UnknownAdjustment, withdrawing.OfATest, withdrawing.WithdrawnAlready),
        approvals.AskedAlready,
    ),
    responses=ASKED,
    example=examples.WITHDRAWAL,
)
async def withdraw_adjustment(
    adjustment_id: Annotated[str, Path(min_length=1, max_length=MAX_NO)],
    body: schemas.WithdrawalIn,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> Response:
    """Ask that the adjustment of a case be taken back: somebody else approves it, and one of the opposite figures is issued."""
    async with db.begin() as tx:
        found = await withdrawing.withdraw(
            tx,
            adjustment_id,
            cause=body.cause,
            explanation=body.explanation,
            actor=caller.subject,
            may_see=caller.may_see,
            context=own,
        )
    return asked(found)
