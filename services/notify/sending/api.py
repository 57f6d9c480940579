"""Receipts of gateways over HTTP, authenticated as each gateway does it: by a signature, or by a secret in the path.

Answered with 2xx only after the commit: a gateway that hears nothing sends again, and what came twice changes nothing.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from services.notify import context
from services.notify.context import Context
from services.notify.notices.domain.receipts import Receipt
from services.notify.notices.use_cases import receipts
from services.notify.sending.domain.inbox import Call, Inbox
from services.notify.sending.domain.providers import UNDER_WAY
from services.notify.sending.domain.wire import Said, Unreadable
from shared.web import auth
from shared.web.errors import Problem
from shared.web.routing import Router
from shared.web.state import Current, Web

logger = logging.getLogger(__name__)
router = Router(prefix="/v1/receipts", tags=["notify"])
GATEWAY = auth.public("a gateway proves its receipts by a signature or by a secret in the path, and sees nothing")
MEDIA_TYPES = ("application/x-www-form-urlencoded", "text/xml", "application/xml", "text/plain")
BODY_BYTES_MAX = 256 * 1024
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Taken", "content": {"text/plain": {"schema": {"type": "string"}}}},
    401: {"description": "Not proved to be from the gateway"},
}
EXAMPLE = {"receipts": [{"id": "01JHZ6V4X9", "reference": "r-1", "state": "delivered"}]}
BODY = {
    "requestBody": {
        "required": True,
        "description": "As the gateway sends it: JSON as in our own contract, a form, or XML (WeChat).",
        "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
    }
}
Name = Annotated[str, Path(max_length=32)]
Secret = Annotated[str, Path(max_length=200)]


@router.post(
    "/{gateway}", policy=GATEWAY, media_types=MEDIA_TYPES, any_query=True, openapi_extra=BODY, responses=ANSWERS
)
async def take_receipts(gateway: Name, request: Request, web: Current, own: context.Own) -> PlainTextResponse:
    """Take what a gateway that signs says became of messages."""
    return await _take(gateway, "", request, web, own)


@router.post(
    "/{gateway}/{secret}",
    policy=GATEWAY,
    media_types=MEDIA_TYPES,
    any_query=True,
    openapi_extra=BODY,
    responses=ANSWERS,
)
async def take_receipts_by_path(
    gateway: Name, secret: Secret, request: Request, web: Current, own: context.Own
) -> PlainTextResponse:
    """Take what a gateway that knows the secret path says became of messages."""
    return await _take(gateway, secret, request, web, own)


@router.get("/{gateway}", policy=GATEWAY, any_query=True, responses=ANSWERS)
async def check_address(gateway: Name, request: Request, web: Current, own: context.Own) -> PlainTextResponse:
    """Answer a gateway that signs and checks the address before it sends anything there, or that sends by GET."""
    return await _take(gateway, "", request, web, own)


@router.get("/{gateway}/{secret}", policy=GATEWAY, any_query=True, responses=ANSWERS)
async def take_receipt_by_get(
    gateway: Name, secret: Secret, request: Request, web: Current, own: context.Own
) -> PlainTextResponse:
    """Take what a gateway that calls by GET, as Kannel does, says became of a message."""
    return await _take(gateway, secret, request, web, own)


async def _take(gateway: str, secret: str, request: Request, web: Web, own: Context) -> PlainTextResponse:
    inbox: Inbox | None = own.inboxes.get(gateway)
    body = await request.body()
    call = Call(
        method=request.method,
        secret=secret,
        headers=dict(request.headers),
        query=request.scope["query_string"].decode("latin-1"),
        body=body,
        now=int(web.database.clock.now().timestamp()),
    )
    if inbox is None or len(body) > BODY_BYTES_MAX or not inbox.proved(call):
        raise Problem(status=401, code="receipt.not_proved", title="The call is not proved to be from the gateway")
    own.receipt_rate.check(gateway)
    own.receipt_rate.charge(gateway)
    try:
        said = inbox.read(call)
    except Unreadable:
        raise Problem(status=422, code="receipt.unreadable", title="What came is no receipt of this gateway") from None
    given = [receipt for each in said if (receipt := _receipt(gateway, each)) is not None]
    if given:
        async with web.database.begin() as tx:
            await receipts.take(tx, given, own.policies)
        own.wake()
    _tell(gateway, said, web)
    return PlainTextResponse(inbox.answer(call))


def _receipt(gateway: str, said: Said) -> Receipt | None:
    """Return what is kept of what was said: nothing of a message that is still under way, or of a state that nobody knows."""
    if said.state is None or said.state == UNDER_WAY:
        return None
    if said.state == "delivered":
        return Receipt(gateway=gateway, message_id=said.id, reference=said.reference, result="delivered")
    code = f"{gateway}.{said.code or 'failed'}"
    return Receipt(gateway=gateway, message_id=said.id, reference=said.reference, result="failed", code=code)


def _tell(gateway: str, said: Sequence[Said], web: Web) -> None:
    """Count what was said, and name the states that the provider's document does not."""
    for state, count in Counter(each.state or "unknown_state" for each in said).items():
        web.metrics.counter("receipts_total").labels(gateway, state).inc(count)
    if unknown := sorted({each.code for each in said if each.state is None}):
        logger.warning("receipts.unknown_state", extra={"gateway": gateway, "states": unknown[:10]})
