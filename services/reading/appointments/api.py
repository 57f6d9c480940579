"""Routes of appointments (待期补抄预约)."""

from starlette.responses import Response

from services.reading.appointments import examples, schemas, store
from services.reading.appointments.use_cases import arranging
from services.reading.context import APPOINTMENTS, ORDERS, Own
from services.reading.network.schemas import No
from shared import web
from shared.fields import Day
from shared.outcome import Outcome, refused
from shared.web import auth, batch, pagination
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["appointments"])


@router.post("/appointments", policy=APPOINTMENTS, example=examples.APPOINTMENTS, response_model=OutcomesOut)
async def post_appointments(body: schemas.AppointmentsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Propose up to 200 appointments, each answered by itself; the customers of those that a reader proposes are asked.

    One that is agreed is a site order of its day for `reader`, kept where that is done and missed where it is not.
    """
    async with db.begin() as tx:
        last = own.last_day(tx.now)
        late = {n: each for n, each in enumerate(body.items) if each.asked_on > last}
        fit = [each.wanted() for n, each in enumerate(body.items) if n not in late]
        done = iter(
            await arranging.propose(tx, fit, actor=caller.subject, may_see=caller.may_see, policies=own.policies)
        )
    outcomes = [_in_the_future(late[n]) if n in late else next(done) for n in range(len(body.items))]
    return batch.answer(outcomes)


def _in_the_future(item: schemas.AppointmentIn) -> Outcome:
    return refused("business_date.in_the_future", "the day lies after tomorrow", id=item.appointment_no)


@router.post(
    "/appointments/cancellations", policy=APPOINTMENTS, example=examples.CANCELLATIONS, response_model=OutcomesOut
)
async def post_cancellations(body: schemas.CancellationsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Call up to 200 appointments off, each answered by itself; who had agreed is told."""
    async with db.begin() as tx:
        outcomes = await arranging.call_off(
            tx, [item.given() for item in body.items], actor=caller.subject, may_see=caller.may_see, zone=own.zone
        )
    return batch.answer(outcomes)


@router.get("/appointments", policy=ORDERS)
async def list_appointments(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: No | None = None,
    reader: No | None = None,
    state: schemas.State | None = None,
    visit_on: Day | None = None,
) -> pagination.Page[schemas.AppointmentOut]:
    """List appointments by the day of the visit, with what became of each."""
    async with db.view() as view:
        rows = await store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            service_point_no=service_point_no,
            reader=reader,
            state=state,
            on=visit_on,
        )
    return wanted.page(rows, key=lambda row: (row.visit_on, row.appointment_no), item=schemas.AppointmentOut.of)
