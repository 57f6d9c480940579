"""A reviewer's decisions on bills, over HTTP."""

from collections import Counter
from typing import Annotated

from pydantic import BaseModel, Field
from starlette.responses import Response

from services.billing.bills.api.bills import BillId
from services.billing.bills.store import shown
from services.billing.context import Own
from services.billing.decisions.use_cases import checking, deciding
from services.billing.decisions.use_cases.checking import Decision, Seen
from services.billing.review import use_cases as review
from services.billing.site_orders.use_cases import at_site
from shared import approvals, web
from shared.fields import Day
from shared.outcome import REPEATED, Outcome, refused
from shared.web import auth, batch, business_day, conditional, state
from shared.web.approvals import ASKED, asked
from shared.web.batch import Code, In, No, OutcomesOut

router = web.Router("/v1", tags=["bills"])
REASON_MAX = 1000
TOGETHER_MAX = 200
VERSION_MAX = 10**9 - 1


class DecisionIn(In):
    decision: checking.Kind
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


class SeenIn(In):
    bill_id: No
    row_version: int = Field(ge=1, le=VERSION_MAX, description="the version that was seen")


class DecisionsIn(In):
    """One decision on many bills with the same finding."""

    code: Code = Field(description="of a finding that each of the bills has", examples=["billing.sudden_rise"])
    verdict: review.Verdict | None = Field(
        None,
        description="whether that finding was right; needed where it is a rule's that holds a bill whose review ends",
    )
    decision: checking.Kind
    explanation: str = Field("", max_length=REASON_MAX)
    business_date: Day | None = Field(None, description="day of the decision; by default the latest that billing knows")
    items: Annotated[list[SeenIn], Field(min_length=1, max_length=TOGETHER_MAX)]


EXAMPLES: dict[str, object] = {
    "code": "billing.implausible_home",
    "verdict": "known",
    "decision": "hold",
    "explanation": "All of them have an electric kiln.",
    "business_date": "2026-02-02",
    "items": [{"bill_id": "019c1a2b-0000-7000-8000-000000000001", "row_version": 1}],
}
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
        checking.UnknownBill,
        checking.ReviewerRead,
        checking.AssignedToAnother,
        checking.ExplanationMissing,
        checking.NotDecidable,
        checking.TooEarly,
        checking.NotRated,
        checking.Frozen,
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
    decision = Decision(
        kind=body.decision,
        explanation=body.explanation,
        actor=caller.subject,
        verdicts=body.verdicts,
        business_date=body.business_date,
    )
    async with db.begin() as tx:
        approval = await deciding.decide_one(
            tx, Seen(bill_id=bill_id, row_version=seen), decision, may_see=caller.may_see, context=own
        )
    if approval is not None:
        return asked(approval)
    async with db.view() as view:
        bill = await shown.bill(view, bill_id)
        assert bill is not None
        now = await shown.now_of_period(view, bill) or bill
    return web.Json(DecidedOut(bill_id=now.bill_id, status=now.status, row_version=now.row_version).model_dump())


@router.post(
    "/review-decisions",
    policy=auth.scope("billing:review"),
    raises=(checking.ExplanationMissing, business_day.InTheFuture),
    response_model=OutcomesOut,
    example=EXAMPLES,
)
async def decide_many(body: DecisionsIn, own: Own, parts: state.Current, caller: auth.Current, db: web.Db) -> Response:
    """Decide in one way on up to 200 bills that have the same finding, each answered by itself.

    Where a bill needs a second person, `awaiting_approval` with the id of what is asked for. A bill that other rules hold too
    needs their verdicts: it is decided alone.
    """
    business_day.check(parts, body.business_date)
    decision = Decision(
        kind=body.decision,
        explanation=body.explanation,
        actor=caller.subject,
        verdicts={body.code: body.verdict} if body.verdict else {},
        code=body.code,
        business_date=body.business_date,
    )
    times = Counter(item.bill_id for item in body.items)
    once = [Seen(bill_id=item.bill_id, row_version=item.row_version) for item in body.items if times[item.bill_id] == 1]
    async with db.begin() as tx:
        decided = await deciding.decide(tx, decision, once, may_see=caller.may_see, context=own)
    found = {seen.bill_id: _outcome(seen.bill_id, each) for seen, each in zip(once, decided, strict=True)}
    return batch.answer([found.get(item.bill_id, refused(REPEATED, id=item.bill_id)) for item in body.items])


def _outcome(bill_id: str, decided: deciding.Decided) -> Outcome:
    if decided.refusal is not None:
        return refused(decided.refusal.code, decided.refusal.detail or decided.refusal.title, id=bill_id)
    if decided.approval is not None:
        return approvals.outcome(decided.approval)
    return Outcome("done", id=bill_id)
