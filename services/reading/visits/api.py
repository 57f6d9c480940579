"""Routes of visits: what became of site orders, and what another person makes of the registers that they brought."""

from starlette.responses import Response

from services.reading.context import UPLOAD, VISITS, Own
from services.reading.visits import examples, schemas
from services.reading.visits.use_cases import deciding, observing
from services.reading.visits.use_cases.reporting import Sender
from shared import web
from shared.web import auth, batch
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["site orders"])


@router.post("/site-orders/reports", policy=VISITS, example=examples.REPORTS, response_model=OutcomesOut)
async def post_reports(body: schemas.ReportsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Report what became of up to 1,000 site orders, each answered by itself; in any order, hours later, twice.

    With registers the order ends when another person has decided on them: `awaiting_approval` until then. Who has scope
    `reading:upload` may enter other persons' visits, whose registers are reads at once. Observations that come with a report are
    kept and told at once, in the visitor's name.
    """
    sender = Sender(subject=caller.subject, may_enter=caller.has("reading:upload"), may_see=caller.may_see)
    async with db.begin() as tx:
        outcomes = await observing.take(tx, body.given(), sender=sender, own=own)
    return batch.answer(outcomes)


@router.post("/site-orders/decisions", policy=UPLOAD, example=examples.DECISIONS, response_model=OutcomesOut)
async def post_decisions(body: schemas.DecisionsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Decide on the registers of up to 1,000 reports as they were seen: they are reads of source `site`, or do not do."""
    async with db.begin() as tx:
        outcomes = await deciding.decide(
            tx, [item.decision() for item in body.items], actor=caller.subject, may_see=caller.may_see, own=own
        )
    return batch.answer(outcomes)
