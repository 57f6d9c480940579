"""Routes of site orders: asked for, assigned, and the work list."""

from typing import Annotated

from fastapi import Depends, Path
from starlette.responses import Response

from services.reading.context import ORDERS, WRITE, Own
from services.reading.network.schemas import No, OrgUnit
from services.reading.orders import examples, schemas, store
from services.reading.orders.store import Filters
from services.reading.orders.use_cases import asking, assigning, withdrawing
from services.reading.orders.use_cases.asking import Deadlines
from services.reading.policies.domain import OrderKind
from shared import web
from shared.fields import Day
from shared.web import auth, batch, errors, pagination
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["site orders"])


def _filters(
    state: schemas.State | None = None,
    kind: OrderKind | None = None,
    assignee: No | None = None,
    unassigned: bool = False,
    due_by: Day | None = None,
    overdue: bool = False,
    org_unit: OrgUnit | None = None,
    service_point_no: No | None = None,
    reference: No | None = None,
) -> Filters:
    return Filters(
        state=state,
        kind=kind,
        assignee=assignee,
        unassigned=unassigned,
        due_by=due_by,
        overdue=overdue,
        org_unit=org_unit,
        service_point_no=service_point_no,
        reference=reference,
    )


Wanted = Annotated[Filters, Depends(_filters)]


@router.post("/site-orders", policy=WRITE, example=examples.ORDERS, response_model=OutcomesOut)
async def post_orders(body: schemas.OrdersIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Ask for up to 1,000 site orders (现场工单), each answered by itself; each is due by the policy of its kind."""
    async with db.begin() as tx:
        outcomes = await asking.ask(
            tx,
            [item.wanted() for item in body.items],
            actor=caller.subject,
            may_see=caller.may_see,
            deadlines=Deadlines(policies=own.policies, calendar=own.calendar),
            last=own.last_day(tx.now),
        )
    return batch.answer(outcomes)


@router.post("/site-orders/assignments", policy=WRITE, example=examples.ASSIGNMENTS, response_model=OutcomesOut)
async def post_assignments(body: schemas.AssignmentsIn, caller: auth.Current, db: web.Db) -> Response:
    """Give up to 1,000 open site orders to persons, each answered by itself."""
    async with db.begin() as tx:
        outcomes = await assigning.assign(
            tx, [item.given() for item in body.items], actor=caller.subject, may_see=caller.may_see
        )
    return batch.answer(outcomes)


@router.post("/site-orders/withdrawals", policy=WRITE, example=examples.WITHDRAWALS, response_model=OutcomesOut)
async def post_withdrawals(body: schemas.WithdrawalsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Take back up to 1,000 open site orders that are not needed any more, each answered by itself; billing's are not."""
    async with db.begin() as tx:
        outcomes = await withdrawing.take_back(
            tx, [item.given() for item in body.items], actor=caller.subject, may_see=caller.may_see, zone=own.zone
        )
    return batch.answer(outcomes)


@router.get("/site-orders", policy=ORDERS)
async def list_orders(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, filters: Wanted
) -> pagination.Page[schemas.SiteOrderOut]:
    """List site orders, those asked for first at first. `due_by`: due on that day or before; `org_unit`: with all below it."""
    async with db.view() as view:
        rows = await store.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters)
    return wanted.page(rows, key=lambda row: (row.asked_on, row.order_no), item=schemas.SiteOrderOut.of)


@router.get("/site-order-counts", policy=ORDERS)
async def count_orders(caller: auth.Current, db: web.Db, filters: Wanted) -> schemas.OrderCountsOut:
    """Count site orders by kind and state, with the filters of the list."""
    async with db.view() as view:
        rows = await store.counted(view, visible=caller.visible, filters=filters)
    return schemas.OrderCountsOut.model_validate({"items": [dict(row._mapping) for row in rows]})


@router.get("/site-orders/{order_no}", policy=ORDERS)
async def get_order(order_no: Annotated[No, Path()], caller: auth.Current, db: web.Db) -> schemas.SiteOrderOut:
    """Return a site order as it stands."""
    async with db.view() as view:
        row = await store.row(view, order_no)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("site_order")
    return schemas.SiteOrderOut.of(row)
