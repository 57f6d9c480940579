"""The review queue and its decisions over HTTP."""

from datetime import datetime

from pydantic import BaseModel, Field
from starlette.responses import Response

from services.billing.bills.api.bills import READ, BillId, NoFilter, head
from services.billing.bills.schemas import BillHead
from services.billing.bills.store import shown
from services.billing.context import Own
from services.billing.decisions import use_cases
from services.billing.review import store as review_store
from shared import approvals, web
from shared.fields import Day
from shared.web import auth, business_day, conditional, pagination, state
from shared.web.approvals import ASKED, asked
from shared.web.batch import In

router = web.Router("/v1", tags=["bills"])


REASON_MAX = 1000


class QueueItem(BillHead):
    held_at: datetime
    age_seconds: int
    read_by: list[str] = Field(description="who had a hand in the reads: none of them may decide")


class DecisionIn(In):
    decision: use_cases.Kind
    explanation: str = Field("", max_length=REASON_MAX)
    business_date: Day | None = Field(None, description="day of the decision; by default the latest that billing knows")


class DecidedOut(BaseModel):
    bill_id: str = Field(description="the bill now in force for the period; another one where it was calculated again")
    status: str
    row_version: int


EXAMPLE: dict[str, object] = {
    "decision": "hold",
    "explanation": "The customer asked for a check of the meter.",
    "business_date": "2026-02-02",
}


@router.get("/review-queue", policy=READ)
async def review_queue(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, route_no: NoFilter = None
) -> pagination.Page[QueueItem]:
    """List the bills that wait for a reviewer, oldest first, with their findings and who read."""
    async with db.view() as view:
        rows = await shown.page_in_review(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, route_no=route_no
        )
        readers = await review_store.readers(view, [row.bill_id for row in rows])
    now = db.clock.now()
    return wanted.page(
        rows,
        key=lambda row: (row.held_at, row.bill_id),
        item=lambda row: QueueItem(
            **head(row), held_at=row.held_at, age_seconds=_age(now, row.held_at), read_by=readers.get(row.bill_id, [])
        ),
    )


@router.post(
    "/bills/{bill_id}/decisions",
    policy=auth.scope("billing:review"),
    raises=(
        use_cases.UnknownBill,
        use_cases.ReviewerRead,
        use_cases.ExplanationMissing,
        use_cases.NotDecidable,
        use_cases.TooEarly,
        use_cases.NotRated,
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
    decision = use_cases.Decision(
        kind=body.decision,
        explanation=body.explanation,
        actor=caller.subject,
        seen=seen,
        business_date=body.business_date,
    )
    async with db.begin() as tx:
        approval = await use_cases.decide(tx, bill_id, decision, may_see=caller.may_see, context=own)
    if approval is not None:
        return asked(approval)
    async with db.view() as view:
        bill = await shown.bill(view, bill_id)
        assert bill is not None
        now = await shown.now_of_period(view, bill) or bill
    return web.Json(DecidedOut(bill_id=now.bill_id, status=now.status, row_version=now.row_version).model_dump())


def _age(now: datetime, since: datetime) -> int:
    return max(int((now - since).total_seconds()), 0)
