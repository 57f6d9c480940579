"""Routes of supply orders (停电、复电): the work list, what a person tells of an order, and what a head-end tells."""

from typing import Annotated

from fastapi import Depends, Path
from starlette.responses import Response

from services.reading.context import ORDERS, PUSH, VISITS, Own
from services.reading.network.schemas import No, OrgUnit
from services.reading.supply import examples, schemas, store
from services.reading.supply.store import Filters
from services.reading.supply.use_cases import results
from services.reading.supply.use_cases.results import Result
from shared import web
from shared.errors import BusinessError
from shared.fields import Instant
from shared.web import auth, devices, errors, pagination

router = web.Router("/v1", tags=["supply orders"])


class NoHeadEnd(BusinessError):
    status = 403
    code = "supply.not_a_head_end"
    title = "A device that speaks for one meter alone tells of no supply order"


def _filters(
    state: schemas.State | None = None,
    action: schemas.Action | None = None,
    way: schemas.Way | None = None,
    org_unit: OrgUnit | None = None,
    service_point_no: No | None = None,
    due_by: Instant | None = None,
) -> Filters:
    return Filters(
        state=state, action=action, way=way, org_unit=org_unit, service_point_no=service_point_no, due_by=due_by
    )


Wanted = Annotated[Filters, Depends(_filters)]
_REFUSALS = (
    results.UnknownOrder,
    results.InTheFuture,
    results.TooEarly,
    results.UnknownReason,
    results.NotSent,
    results.InFlight,
    results.OrderOver,
    results.ResultConflicts,
)


@router.get("/supply-orders", policy=ORDERS)
async def list_supply_orders(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, filters: Wanted
) -> pagination.Page[schemas.SupplyOrderOut]:
    """List supply orders, those that may be carried out first at first.

    `way=person` are those that persons carry out; `due_by`: unfinished ones whose time has come by then; `org_unit`: with all
    below it.
    """
    async with db.view() as view:
        rows = await store.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters)
    return wanted.page(rows, key=lambda row: (row.not_before, row.order_no), item=schemas.SupplyOrderOut.of)


@router.get("/supply-orders/{order_no}", policy=ORDERS)
async def get_supply_order(order_no: Annotated[No, Path()], caller: auth.Current, db: web.Db) -> schemas.SupplyOrderOut:
    """Return a supply order as it stands."""
    async with db.view() as view:
        row = await store.row(view, order_no)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("supply_order")
    return schemas.SupplyOrderOut.of(row)


@router.post(
    "/supply-orders/{order_no}/result",
    policy=VISITS,
    raises=_REFUSALS,
    example=examples.RESULT,
    response_model=schemas.ResultOut,
)
async def post_result(
    order_no: Annotated[No, Path()], body: schemas.ResultIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Tell what became of an order that a person has carried out or could not; the same again changes nothing."""
    return await _take(body.given(order_no, caller.subject), caller, db, own)


@router.post(
    "/supply-results",
    policy=PUSH,
    raises=(*_REFUSALS, NoHeadEnd, devices.ReplayedMessage),
    example=examples.OF_HEAD_END,
    response_model=schemas.ResultOut,
)
async def post_supply_result(body: schemas.HeadEndResultIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Tell what became of an order that the head-end had; signed as its other messages are, or by who stands between."""
    if caller.meter_no is not None:
        raise NoHeadEnd
    return await _take(body.given(caller.subject), caller, db, own)


async def _take(result: Result, caller: auth.Caller, db: web.Db, own: Own) -> Response:
    async with db.begin() as tx:
        await devices.remember_nonce(tx, caller.device)
        outcome = await results.take(tx, result, may_see=caller.may_see, policies=own.policies, zone=own.zone)
    return web.Json({"status": outcome.status, "code": outcome.code or None})
