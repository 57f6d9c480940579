"""Payment orders."""

from starlette.responses import Response

from services.collection.context import READ, Id, Own
from services.collection.ledger.use_cases import commands
from services.collection.payments import examples, schemas, store
from services.collection.payments.use_cases import orders
from shared import web
from shared.db.engine import View
from shared.web import auth, idempotency
from shared.web.errors import not_found

router = web.Router("/v1", tags=["payments"])


@router.post(
    "/payment-orders",
    policy=auth.scope("collection:write", "collection:cashier"),
    status_code=201,
    response_model=schemas.OrderOut,
    raises=(commands.AccountUnknown, orders.ChannelUnknown, idempotency.KeyReused),
    example=examples.ORDER,
)
async def create_order(
    body: schemas.OrderIn, key: idempotency.Key, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Create a payment order, which the channel's callback names."""

    async with db.begin() as tx:

        async def create() -> schemas.OrderOut:
            order_id = await orders.create_order(
                tx,
                policy=own.policy,
                account_no=body.account_no,
                amount_fen=body.amount_fen,
                channel=body.channel,
                today=own.today(),
                actor=caller.subject,
                sees=caller.may_see,
            )
            return await _order(tx, order_id, caller)

        route = "POST /v1/payment-orders"
        answer = await idempotency.once(tx, caller=caller, key=key, route=route, body=body, action=create, status=201)
    return answer.response()


@router.get("/payment-orders/{order_id}", policy=READ)
async def get_order(order_id: Id, caller: auth.Current, db: web.Db) -> schemas.OrderOut:
    async with db.view() as view:
        return await _order(view, order_id, caller)


async def _order(view: View, order_id: str, caller: auth.Caller) -> schemas.OrderOut:
    row = await store.order(view, order_id)
    if row is None or not caller.may_see(row.org_unit):
        raise not_found("payment_order")
    return schemas.OrderOut(**row._mapping)
