"""Routes of own reads (自报) that are asked for."""

from starlette.responses import Response

from services.reading.context import APPOINTMENTS, ORDERS, Own
from services.reading.network.schemas import No
from services.reading.own_reads import examples, schemas, store
from services.reading.own_reads.use_cases import asking
from shared import web
from shared.fields import Day
from shared.outcome import Outcome, refused
from shared.web import auth, batch, pagination
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["own reads"])


@router.post("/own-read-requests", policy=APPOINTMENTS, example=examples.REQUESTS, response_model=OutcomesOut)
async def post_own_read_requests(
    body: schemas.OwnReadRequestsIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Ask the customers of up to 200 points what their meters show, each answered by itself.

    Of points that could not be read because of their customers. The answer is a read of source `self`, of the day on which the
    customer has looked. A read on site or of the meter itself takes the question back.
    """
    async with db.begin() as tx:
        last = own.last_day(tx.now)
        late = {n: each for n, each in enumerate(body.items) if each.asked_on > last}
        fit = [each.wanted() for n, each in enumerate(body.items) if n not in late]
        done = iter(await asking.ask(tx, fit, actor=caller.subject, may_see=caller.may_see, policies=own.policies))
    return batch.answer([_in_the_future(late[n]) if n in late else next(done) for n in range(len(body.items))])


def _in_the_future(item: schemas.OwnReadRequestIn) -> Outcome:
    return refused("business_date.in_the_future", "the day lies after tomorrow", id=item.request_no)


@router.get("/own-read-requests", policy=ORDERS)
async def list_own_read_requests(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: No | None = None,
    read_date: Day | None = None,
    state: schemas.State | None = None,
) -> pagination.Page[schemas.OwnReadRequestOut]:
    """List what customers are asked for, with what became of it: `refused` are answers that could not be used, with the code."""
    async with db.view() as view:
        rows = await store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            service_point_no=service_point_no,
            read_date=read_date,
            state=state,
        )
    return wanted.page(rows, key=lambda row: (row.asked_on, row.request_no), item=schemas.OwnReadRequestOut.of)
