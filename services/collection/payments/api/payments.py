"""Payments: taken at the counter, listed, taken back, and decided on where they are in suspense."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel
from starlette.responses import Response

from services.collection.context import CASHIER, READ, WRITE, Context, Id, Own
from services.collection.ledger.store import credits
from services.collection.ledger.use_cases import commands
from services.collection.payments import examples, schemas, store
from services.collection.payments.domain import POSTED
from services.collection.payments.use_cases import counter, decisions, reversal, suspense
from shared import approvals, web
from shared.db.engine import View
from shared.web import auth, idempotency, pagination, state
from shared.web.approvals import ASKED, asked
from shared.web.batch import No
from shared.web.errors import Problem, not_found

router = web.Router("/v1", tags=["payments"])


@router.post(
    "/payments",
    policy=CASHIER,
    status_code=201,
    response_model=schemas.PaymentOut,
    raises=(commands.AccountUnknown, commands.MonthClosed, commands.DatedInFuture, idempotency.KeyReused),
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
            payment_id = await counter.take_at_counter(
                tx,
                policy=own.policy,
                account_no=body.account_no,
                amount_fen=body.amount_fen,
                key=key,
                received_on=body.received_on or today,
                today=today,
                actor=caller.subject,
                sees=caller.may_see,
            )
            return await _payment(tx, payment_id, caller)

        answer = await idempotency.once(
            tx, caller=caller, key=key, route="POST /v1/payments", body=body, action=take, status=201
        )
    parts.metrics.counter("payments_total").labels("already_done" if answer.replayed else POSTED).inc()
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
    account_no: No | None = None,
    status: Literal["posted", "suspense", "reversed", "returned"] | None = None,
) -> pagination.Page[schemas.PaymentListed]:
    async with db.view() as view:
        rows = await store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            columns=list(schemas.PaymentListed.model_fields),
            account_no=account_no,
            status=status,
        )
    return wanted.page(rows, key=lambda row: (row.payment_id,), item=lambda r: schemas.PaymentListed(**r._mapping))


async def _payment(view: View, payment_id: str, caller: auth.Caller) -> schemas.PaymentOut:
    row = await store.payment(view, payment_id)
    if row is None or not caller.may_see(row.org_unit):
        raise not_found("payment")
    made = await credits.allocations(view, credit_id=payment_id)
    values: dict[str, Any] = {
        name: row._mapping[name] for name in schemas.PaymentOut.model_fields if name in row._mapping
    }
    parts = [{name: one._mapping[name] for name in schemas.AllocationOut.model_fields} for one in made]
    order = [{"service": "collection", "kind": "payment_order", "id": row.order_id}] if row.order_id else []
    return schemas.PaymentOut.model_validate({**values, "allocations": parts, "derived_from": order})


DECISION_RAISES = (
    decisions.PaymentUnknown,
    decisions.MakerIsChecker,
    commands.MonthClosed,
    commands.DatedInFuture,
    decisions.BeforePayment,
    approvals.AskedAlready,
    idempotency.KeyReused,
)
"""What speaks against any decision on a payment."""


def _decision(payment_id: str, day: date | None, reason: str, caller: auth.Caller, own: Context) -> decisions.Decision:
    today = own.today()
    return decisions.Decision(
        payment_id=payment_id,
        decided_on=day or today,
        today=today,
        reason=reason,
        actor=caller.subject,
        sees=caller.may_see,
    )


@router.post(
    "/payments/{payment_id}/reversal",
    policy=WRITE,
    response_model=schemas.PaymentOut,
    raises=(*DECISION_RAISES, reversal.NotPosted),
    responses=ASKED,
    example=examples.REVERSAL,
)
async def reverse_payment(
    payment_id: Id, body: schemas.ReversalIn, key: idempotency.Key, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Take a posted payment back; what it had settled is owed again.

    202 where it is of an amount that the policy names: somebody else approves it first (`/v1/approvals`).
    """
    decision = _decision(payment_id, body.reversed_on, body.reason, caller, own)
    async with db.begin() as tx:

        async def reverse() -> BaseModel | Response:
            approval = await reversal.reverse(tx, policy=own.policy, decision=decision)
            return asked(approval) if approval else await _payment(tx, payment_id, caller)

        route = f"POST /v1/payments/{payment_id}/reversal"
        answer = await idempotency.once(tx, caller=caller, key=key, route=route, body=body, action=reverse)
    return answer.response()


@router.post(
    "/suspense/{payment_id}/resolution",
    policy=WRITE,
    response_model=schemas.PaymentOut,
    raises=(*DECISION_RAISES, commands.AccountUnknown, suspense.NotInSuspense),
    responses=ASKED,
    example=examples.RESOLUTION,
)
async def resolve_suspense(
    payment_id: Id, body: schemas.ResolutionIn, key: idempotency.Key, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Decide on money in suspense: give it to an account, or return it.

    202 where it is of an amount that the policy names: somebody else approves it first (`/v1/approvals`).
    """
    if (body.action == "allocate") != (body.account_no is not None):
        raise Problem(
            status=422, code="suspense.action_and_account", title="Only `allocate` names an account, and it must"
        )
    decision = _decision(payment_id, body.resolved_on, body.reason, caller, own)
    async with db.begin() as tx:

        async def resolve() -> BaseModel | Response:
            approval = await suspense.resolve(tx, policy=own.policy, decision=decision, account_no=body.account_no)
            return asked(approval) if approval else await _payment(tx, payment_id, caller)

        route = f"POST /v1/suspense/{payment_id}/resolution"
        answer = await idempotency.once(tx, caller=caller, key=key, route=route, body=body, action=resolve)
    return answer.response()
