"""A reviewer's decisions on bills, over HTTP."""

from pydantic import BaseModel, Field
from starlette.responses import Response

from services.billing.bills.api.bills import BillId
from services.billing.bills.store import shown
from services.billing.context import Own
from services.billing.decisions.use_cases import deciding
from services.billing.review import use_cases as review
from services.billing.site_orders.use_cases import at_site
from shared import approvals, web
from shared.fields import Day
from shared.web import auth, business_day, conditional, state
from shared.web.approvals import ASKED, asked
from shared.web.batch import Code, In

router = web.Router("/v1", tags=["bills"])
REASON_MAX = 1000


class DecisionIn(In):
    decision: deciding.Kind
    explanation: str = Field("", max_length=REASON_MAX)
    verdicts: dict[Code, review.Verdict] = Field(
        default_factory=dict,
        max_length=100,
        examples=[{"billing.sudden_rise": "known"}],
        description="by code, whether a finding was right; needed for each that holds a bill whose review ends",
    )
    business_date: Day | None = Field(None, description="day of the decision; by default the latest that billing knows")


class DecidedOut(BaseModel):
    bill_id: str = Field(description="the bill now in force for the period; another one where it was calculated again")
    status: str
    row_version: int


EXAMPLE: dict[str, object] = {
    "decision": "hold",
    "explanation": "The customer asked for a check of the meter.",
    "verdicts": {},
    "business_date": "2026-02-02",
}


@router.post(
    "/bills/{bill_id}/decisions",
    policy=auth.scope("billing:review"),
    raises=(
        deciding.UnknownBill,
        deciding.ReviewerRead,
        deciding.AssignedToAnother,
        deciding.ExplanationMissing,
        deciding.NotDecidable,
        deciding.TooEarly,
        deciding.NotRated,
        review.UnknownFinding,
        review.VerdictMissing,
        at_site.SiteOrderOpen,
        at_site.UnexplainedAfterSite,
        approvals.AskedAlready,
        business_day.InTheFuture,
        *conditional.RAISES,
    ),
    responses=ASKED,
    example=EXAMPLE,
    response_model=DecidedOut,
)
async def decide(
    bill_id: BillId,
    body: DecisionIn,
    seen: conditional.VersionSeen,
    own: Own,
    parts: state.Current,
    caller: auth.Current,
    db: web.Db,
) -> Response:
    """Decide on a bill in the version that If-Match names; the answer is the bill now in force.

    202 where it changes issued bills of an amount that the policy names: somebody else approves it first (`/v1/approvals`).
    """
    business_day.check(parts, body.business_date)
    decision = deciding.Decision(
        kind=body.decision,
        explanation=body.explanation,
        actor=caller.subject,
        seen=seen,
        verdicts=body.verdicts,
        business_date=body.business_date,
    )
    async with db.begin() as tx:
        approval = await deciding.decide(tx, bill_id, decision, may_see=caller.may_see, context=own)
    if approval is not None:
        return asked(approval)
    async with db.view() as view:
        bill = await shown.bill(view, bill_id)
        assert bill is not None
        now = await shown.now_of_period(view, bill) or bill
    return web.Json(DecidedOut(bill_id=now.bill_id, status=now.status, row_version=now.row_version).model_dump())
