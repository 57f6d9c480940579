"""The head-end (采集主站) over HTTP: JSON, signed as Standard Webhooks, under the order's number for every attempt.

    POST {url}/supply-orders             Idempotency-Key: the order's number
    GET  {url}/supply-orders/{order_no}

What it answers is said in `docs/supply-port.md`. Only what it says in that form is believed: whatever else comes leaves the order
in doubt.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Protocol
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.reading.supply.domain import Answer, Asked
from shared import webhooks
from shared.fields import Instant
from shared.outcalls import Caller, InDoubtError, NotSentError, Server

NOT_TAKEN: Final = frozenset({401, 403, 429})
"""Before anything was done we are not let in, or are too fast."""


class HeadEnd(Protocol):
    """Carries orders out, or says what became of them; raises for nothing that a network does."""

    async def send(self, asked: Asked, now: datetime) -> Answer:
        """Send an order."""

    async def ask(self, asked: Asked, now: datetime) -> Answer:
        """Ask what became of an order."""


class _Said(BaseModel):
    """What the head-end answers; what it says beside is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    order_no: str
    state: Literal["done", "accepted", "refused", "failed", "unknown"]
    switched_at: Instant | None = None
    code: Annotated[str, Field(max_length=48, pattern=r"^[A-Za-z0-9._:-]*$")] = ""


class HttpHeadEnd:
    """One head-end. `secrets`: the new, then the old."""

    def __init__(self, server: Server, secrets: Sequence[str]) -> None:
        self._caller = Caller(server)
        self._keys = [webhooks.key_of(secret) for secret in secrets]

    async def send(self, asked: Asked, now: datetime) -> Answer:
        """Send an order: the head-end takes a number once, so one that comes again changes nothing there."""
        return await self._call("POST", "/supply-orders", asked, now, _document(asked))

    async def ask(self, asked: Asked, now: datetime) -> Answer:
        """Ask what became of an order."""
        return await self._call("GET", f"/supply-orders/{quote(asked.order_no, safe='')}", asked, now)

    async def _call(
        self, method: str, target: str, asked: Asked, now: datetime, document: Mapping[str, Any] | None = None
    ) -> Answer:
        body = json.dumps(document, separators=(",", ":")).encode() if document else b""
        headers = dict(webhooks.headers(self._keys, asked.order_no, int(now.timestamp()), body))
        if document:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": asked.order_no}
        try:
            answer = await self._caller.call(method, target, headers, body)
        except NotSentError as error:
            return Answer(result="not_sent", code=f"call.{error}")
        except InDoubtError as error:
            return Answer(result="in_doubt", code=f"call.{error}")
        return _answer(asked.order_no, answer.status, answer.body)


def _document(asked: Asked) -> Mapping[str, Any]:
    return {
        "order_no": asked.order_no,
        "service_point_no": asked.service_point_no,
        "action": asked.action,
        "not_before": _text(asked.not_before),
        "expires_at": _text(asked.expires_at),
        "sequence": asked.sequence,
        "supersedes": asked.supersedes,
    }


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _answer(order_no: str, status: int, body: bytes) -> Answer:
    if status in NOT_TAKEN:
        return Answer(result="not_sent", code=f"call.{status}")
    if not (200 <= status < 300 or status == 404):
        return Answer(result="in_doubt", code=f"call.{status}")
    try:
        said = _Said.model_validate_json(body)
    except ValidationError:
        return Answer(result="in_doubt", code="call.unreadable")
    if said.order_no != order_no or (said.state == "unknown") != (status == 404):
        return Answer(result="in_doubt", code="call.contradicts")
    if said.state == "unknown":
        return Answer(result="never_had")
    if (said.state == "done") != (said.switched_at is not None):
        return Answer(result="in_doubt", code="call.contradicts")
    return Answer(result=said.state, code=said.code, switched_at=said.switched_at)
