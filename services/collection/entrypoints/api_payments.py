"""Routes where money moves: orders, callbacks, payments, reversals, suspense, opening receivables."""

from typing import Annotated, Any

from fastapi import Depends, Path
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from services.collection.adapters import queries, tables
from services.collection.application import debts, errors, payments
from services.collection.domain.documents import OPENING, Debt
from services.collection.entrypoints import examples, schemas
from services.collection.entrypoints.channels import ChannelPolicy
from services.collection.entrypoints.context import Context
from shared import web
from shared.db.engine import View
from shared.events.fact import MAX_CODE, MAX_NO
from shared.web import auth, idempotency, pagination, state
from shared.web.errors import Problem, not_found

router = web.Router("/v1", tags=["payments"])
READ = auth.scope("collection:read", "collection:write", "collection:cashier")
WRITE = auth.scope("collection:write")
CASHIER = auth.scope("collection:cashier")
CHANNEL = ChannelPolicy()
Id = Annotated[str, Path(min_length=1, max_length=MAX_NO)]


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Own = Annotated[Context, Depends(_context)]


@router.put("/opening-receivables", policy=WRITE, example=examples.OPENINGS, response_model=schemas.OutcomesOut)
async def put_openings(body: schemas.OpeningBatchIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Post what customers owed when the utility went live; each item is answered by itself."""
    openings = [
        Debt(
            OPENING,
            item.document_no,
            item.account_no,
            "",
            item.issued_on,
            item.due_on,
            item.posted_on,
            item.amount_fen,
            (),
        )
        for item in body.items
    ]
    async with db.begin() as tx:
        outcomes = await debts.post_openings(
            tx, policy=own.policy, openings=openings, today=own.today(), actor=caller.subject, sees=caller.may_see
        )
    return web.Json(
        {
            "outcomes": [
                {"index": i, "status": o.status, "code": o.code, "message": o.message, "id": o.id}
                for i, o in enumerate(outcomes)
            ]
        }
    )


@router.post(
    "/payment-orders",
    policy=auth.scope("collection:write", "collection:cashier"),
    status_code=201,
    response_model=schemas.OrderOut,
    raises=(errors.AccountUnknown, errors.ChannelUnknown, idempotency.KeyReused),
    example=examples.ORDER,
)
async def create_order(
    body: schemas.OrderIn, key: idempotency.Key, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Create a payment order, which the channel's callback names."""

    async with db.begin() as tx:

        async def create() -> schemas.OrderOut:
            order_id = await payments.create_order(
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
    row = await view.first(select(tables.ORDER).where(tables.ORDER.c.order_id == order_id))
    if row is None or not caller.may_see(row.org_unit):
        raise not_found("payment_order")
    return schemas.OrderOut(**row._mapping)


@router.post(
    "/channels/{channel}/callbacks",
    policy=CHANNEL,
    response_model=schemas.ArrivalOut,
    raises=(errors.ConflictingDuplicate,),
    example=examples.CALLBACK,
    responses={
        401: {
            "description": "`channel.invalid_signature`: the signature proves nothing",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    },
)
async def callback(
    channel: Annotated[str, Path(min_length=1, max_length=MAX_CODE)],
    body: schemas.CallbackIn,
    db: web.Db,
    own: Own,
    parts: state.Current,
) -> Response:
    """Take a channel's report that money has arrived; signed in `X-Channel-Signature` (hex HMAC-SHA256 over the body)."""
    confirmation = payments.Confirmation(channel, body.channel_txn, body.order_id, body.amount_fen, body.paid_on)
    async with db.begin() as tx:
        arrival = await payments.confirm(tx, policy=own.policy, confirmation=confirmation, today=own.today())
    _count(parts, arrival.payment_status if arrival.status == "done" else arrival.status)
    if arrival.status == "conflicting_duplicate":  # raised here, so that the finding is kept
        raise errors.ConflictingDuplicate
    return web.Json(
        {"status": arrival.status, "payment_id": arrival.payment_id, "payment_status": arrival.payment_status}
    )


@router.post(
    "/payments",
    policy=CASHIER,
    status_code=201,
    response_model=schemas.PaymentOut,
    raises=(errors.AccountUnknown, errors.MonthClosed, errors.DatedInFuture, idempotency.KeyReused),
    example=examples.PAYMENT,
)
async def take_payment(
    body: schemas.PaymentIn,
    key: idempotency.Key,
    caller: auth.Current,
    db: web.Db,
    own: Own,
    parts: state.Current,
) -> Response:
    """Take money at the counter."""
    today = own.today()
    async with db.begin() as tx:

        async def take() -> schemas.PaymentOut:
            payment_id = await payments.take_at_counter(
                tx,
                policy=own.policy,
                account_no=body.account_no,
                amount_fen=body.amount_fen,
                received_on=body.received_on or today,
                today=today,
                actor=caller.subject,
                sees=caller.may_see,
            )
            return await _payment(tx, payment_id, caller)

        answer = await idempotency.once(
            tx, caller=caller, key=key, route="POST /v1/payments", body=body, action=take, status=201
        )
    _count(parts, "already_done" if answer.replayed else payments.POSTED)
    return answer.response()


@router.get("/payments/{payment_id}", policy=READ)
async def get_payment(payment_id: Id, caller: auth.Current, db: web.Db) -> schemas.PaymentOut:
    async with db.view() as view:
        return await _payment(view, payment_id, caller)


@router.get("/payments", policy=READ)
async def list_payments(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: schemas.No | None = None,
    status: schemas.Code | None = None,
) -> pagination.Page[schemas.PaymentListed]:
    table = tables.PAYMENT
    where = [caller.visible(table.c.org_unit), wanted.after(table.c.payment_id)]
    where += [table.c.account_no == account_no] if account_no else []
    where += [table.c.status == status] if status else []
    columns = [table.c[name] for name in schemas.PaymentListed.model_fields]
    async with db.view() as view:
        rows = await view.all(select(*columns).where(*where).order_by(table.c.payment_id).limit(wanted.fetch))
    return wanted.page(rows, key=lambda row: (row.payment_id,), item=lambda r: schemas.PaymentListed(**r._mapping))


def _count(parts: web.Web, status: str) -> None:
    parts.metrics.counter("payments_total").labels(status).inc()


async def _payment(view: View, payment_id: str, caller: auth.Caller) -> schemas.PaymentOut:
    row = await queries.payment(view, payment_id)
    if row is None or not caller.may_see(row.org_unit):
        raise not_found("payment")
    made = await queries.allocations(view, credit_id=payment_id)
    values: dict[str, Any] = {
        name: row._mapping[name] for name in schemas.PaymentOut.model_fields if name in row._mapping
    }
    parts = [{name: one._mapping[name] for name in schemas.AllocationOut.model_fields} for one in made]
    order = [{"service": "collection", "kind": "payment_order", "id": row.order_id}] if row.order_id else []
    return schemas.PaymentOut.model_validate({**values, "allocations": parts, "derived_from": order})


@router.post(
    "/payments/{payment_id}/reversal",
    policy=WRITE,
    response_model=schemas.PaymentOut,
    raises=(
        errors.PaymentUnknown,
        errors.NotPosted,
        errors.MakerIsChecker,
        errors.MonthClosed,
        errors.DatedInFuture,
        errors.BeforePayment,
        idempotency.KeyReused,
    ),
    example=examples.REVERSAL,
)
async def reverse_payment(
    payment_id: Id, body: schemas.ReversalIn, key: idempotency.Key, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Take a posted payment back; what it had settled is owed again."""
    today = own.today()
    async with db.begin() as tx:

        async def reverse() -> schemas.PaymentOut:
            await payments.reverse(
                tx,
                policy=own.policy,
                payment_id=payment_id,
                reversed_on=body.reversed_on or today,
                today=today,
                reason=body.reason,
                actor=caller.subject,
                sees=caller.may_see,
            )
            return await _payment(tx, payment_id, caller)

        route = f"POST /v1/payments/{payment_id}/reversal"
        answer = await idempotency.once(tx, caller=caller, key=key, route=route, body=body, action=reverse)
    return answer.response()


@router.post(
    "/suspense/{payment_id}/resolution",
    policy=WRITE,
    response_model=schemas.PaymentOut,
    raises=(
        errors.PaymentUnknown,
        errors.AccountUnknown,
        errors.NotInSuspense,
        errors.MakerIsChecker,
        errors.MonthClosed,
        errors.DatedInFuture,
        errors.BeforePayment,
        idempotency.KeyReused,
    ),
    example=examples.RESOLUTION,
)
async def resolve_suspense(
    payment_id: Id, body: schemas.ResolutionIn, key: idempotency.Key, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Decide on money in suspense: give it to an account, or return it."""
    if (body.action == "allocate") != (body.account_no is not None):
        raise Problem(
            status=422, code="suspense.action_and_account", title="Only `allocate` names an account, and it must"
        )
    today = own.today()
    async with db.begin() as tx:

        async def resolve() -> schemas.PaymentOut:
            await payments.resolve(
                tx,
                policy=own.policy,
                payment_id=payment_id,
                account_no=body.account_no,
                resolved_on=body.resolved_on or today,
                today=today,
                reason=body.reason,
                actor=caller.subject,
                sees=caller.may_see,
            )
            return await _payment(tx, payment_id, caller)

        route = f"POST /v1/suspense/{payment_id}/resolution"
        answer = await idempotency.once(tx, caller=caller, key=key, route=route, body=body, action=resolve)
    return answer.response()
