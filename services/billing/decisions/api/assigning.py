"""Whose bills in review are, over HTTP: assigned, claimed, given back, and the next one of the queue."""

from starlette.responses import Response

from services.billing.bills.store import queue as store
from services.billing.context import Own
from services.billing.decisions import examples
from services.billing.decisions.api.queue import Ordered, Wanted, items_of
from services.billing.decisions.schemas.queue import AssignmentsIn, ClaimedOut, ClaimsIn
from services.billing.decisions.use_cases import assigning, queue
from services.billing.decisions.use_cases.assigning import Assignment
from shared import web
from shared.web import auth, batch
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["bills"])
REVIEW = auth.scope("billing:review")


@router.post("/review-queue/assignments", policy=REVIEW, example=examples.ASSIGNMENTS, response_model=OutcomesOut)
async def post_assignments(body: AssignmentsIn, caller: auth.Current, db: web.Db) -> Response:
    """Give up to 500 bills in review to persons, take them over, or give them back (null), each answered by itself."""
    given = [Assignment(bill_id=item.bill_id, assignee=item.assignee) for item in body.items]
    async with db.begin() as tx:
        outcomes = await assigning.assign(tx, given, actor=caller.subject, may_see=caller.may_see)
    return batch.answer(outcomes)


@router.post("/review-queue/claims", policy=REVIEW, example=examples.CLAIMS, response_model=OutcomesOut)
async def post_claims(body: ClaimsIn, caller: auth.Current, db: web.Db) -> Response:
    """Claim up to 500 bills in review that are nobody's, each answered by itself."""
    given = [Assignment(bill_id=item.bill_id, assignee=caller.subject, claimed=True) for item in body.items]
    async with db.begin() as tx:
        outcomes = await assigning.assign(tx, given, actor=caller.subject, may_see=caller.may_see)
    return batch.answer(outcomes)


@router.post("/review-queue/next", policy=REVIEW, raises=(queue.TooManyToOrder,))
async def claim_next(caller: auth.Current, db: web.Db, own: Own, filters: Wanted, order: Ordered = "age") -> ClaimedOut:
    """Claim the first bill of the queue that is nobody's and whose reads the caller had no hand in, with the list's filters."""
    async with db.begin() as tx:
        bill_id = await assigning.claim_next(
            tx,
            subject=caller.subject,
            visible=caller.visible,
            filters=filters.at(tx.now),
            order=order,
            context=own,
        )
    async with db.view() as view:
        now = db.clock.now()
        rows = await store.by_id(view, [bill_id] if bill_id else [])
        items = await items_of(view, list(rows.values()), await queue.judged(view, caller.visible, now, own), now)
    return ClaimedOut(items=list(items.values()))
