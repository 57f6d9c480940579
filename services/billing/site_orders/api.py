"""Routes of site orders that billing waits for."""

from typing import Annotated

from fastapi import Path, Query

from services.billing.site_orders import examples, schemas, store
from services.billing.site_orders.domain import Kind, State
from services.billing.site_orders.store import Filters
from services.billing.site_orders.use_cases import withdrawing
from shared import web
from shared.events.fact import MAX_NO
from shared.web import auth, business_day, pagination, state

router = web.Router("/v1", tags=["site orders"])
READ, REVIEW = auth.scope("billing:read"), auth.scope("billing:review")
OrderNo = Annotated[str, Path(min_length=1, max_length=MAX_NO)]
No = Annotated[str, Query(min_length=1, max_length=MAX_NO)]


@router.get("/site-orders", policy=READ)
async def list_orders(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    order_state: Annotated[State | None, Query(alias="state")] = None,
    kind: Kind | None = None,
    overdue: bool = False,
    reference: No | None = None,
    service_point_no: No | None = None,
) -> pagination.Page[schemas.SiteOrderOut]:
    """List site orders (现场工单) of bills and other documents. `overdue`: those that something still waits for."""
    filters = Filters(
        state=order_state, kind=kind, overdue=overdue, reference=reference, service_point_no=service_point_no
    )
    async with db.view() as view:
        rows = await store.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters)
    return wanted.page(rows, key=lambda row: (row.order_no,), item=schemas.SiteOrderOut.of)


@router.post(
    "/site-orders/{order_no}/withdrawal",
    policy=REVIEW,
    raises=(withdrawing.UnknownOrder, withdrawing.NotOut, business_day.InTheFuture),
    example=examples.WITHDRAWAL,
)
async def post_withdrawal(
    order_no: OrderNo, body: schemas.WithdrawalIn, caller: auth.Current, db: web.Db, parts: state.Current
) -> schemas.SiteOrderOut:
    """Take a site order back that a bill or another document waits for, which goes on without it."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        row = await withdrawing.withdraw(
            tx,
            order_no,
            explanation=body.explanation,
            actor=caller.subject,
            business_date=body.business_date,
            may_see=caller.may_see,
        )
    return schemas.SiteOrderOut.of(row)
