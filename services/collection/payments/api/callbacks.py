"""Channels report that money has arrived."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from services.collection.context import Own
from services.collection.payments import examples, schemas
from services.collection.payments.api.channels import ChannelPolicy
from services.collection.payments.domain import Confirmation
from services.collection.payments.use_cases import callbacks
from shared import web
from shared.errors import BusinessError
from shared.events.fact import MAX_CODE
from shared.web import state

router = web.Router("/v1", tags=["payments"])
CHANNEL = ChannelPolicy()


class ConflictingDuplicate(BusinessError):
    status = 409
    code = "payment.conflicting_duplicate"
    title = "The channel's transaction number was used for another payment"


@router.post(
    "/channels/{channel}/callbacks",
    policy=CHANNEL,
    response_model=schemas.ArrivalOut,
    raises=(ConflictingDuplicate,),
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
    confirmation = Confirmation(
        channel=channel,
        channel_txn=body.channel_txn,
        order_id=body.order_id,
        amount_fen=body.amount_fen,
        paid_on=body.paid_on,
    )
    async with db.begin() as tx:
        arrival = await callbacks.confirm(tx, policy=own.policy, confirmation=confirmation, today=own.today())
    parts.metrics.counter("payments_total").labels(
        arrival.payment_status if arrival.status == "done" else arrival.status
    ).inc()
    if arrival.status == "conflicting_duplicate":  # raised here, so that the finding is kept
        raise ConflictingDuplicate
    return web.Json(
        {"status": arrival.status, "payment_id": arrival.payment_id, "payment_status": arrival.payment_status}
    )
