"""One effect per `Idempotency-Key`: the answer is stored with the effect, in the same unit of work, and given again.

A key belongs to its caller and route. Two requests with one key at a time: the second waits at the unique row for the first to
commit, and then gets its answer.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import and_, select, update
from starlette.responses import Response

from shared.db import bulk, platform
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.web.auth import Caller

KEY_CHARACTERS_MAX = 128
_KEYS = platform.TABLES.idempotency_key

Key = Annotated[
    str,
    Header(alias="Idempotency-Key", min_length=1, max_length=KEY_CHARACTERS_MAX, pattern=r"^[\x21-\x7e]+$"),
]
"""The header, as a parameter of a route: `key: idempotency.Key`."""


class KeyReused(BusinessError):
    status = 422
    code = "idempotency.key_reused"
    title = "The idempotency key was used with another body"


@dataclass(frozen=True)
class Answer:
    """The answer of the command, now or when the key was first used; `content` is JSON."""

    status: int
    content: bytes
    replayed: bool

    def response(self) -> Response:
        headers = {"Idempotency-Replayed": "true"} if self.replayed else None
        return Response(self.content, self.status, headers, "application/json")


async def once(
    tx: Tx,
    *,
    caller: Caller,
    key: str,
    route: str,
    body: BaseModel | bytes,
    action: Callable[[], Awaitable[Any]],
    status: int = 200,
) -> Answer:
    """Run the action, which returns the JSON content (or a model) of the answer, unless the key was used before.

    A response that the action returns has a status of its own. `route` is constant text such as `POST /v1/payments`. Raises
    `KeyReused` for another body. A refusal that the action raises rolls the unit of work back: the key stays free.
    """
    text = body if isinstance(body, bytes) else body.model_dump_json().encode()
    digest = hashlib.sha256(text).hexdigest()
    own = and_(_KEYS.c.subject == caller.subject, _KEYS.c.route == route, _KEYS.c.key == key)
    row: dict[str, list[Any]] = {
        "subject": [caller.subject],
        "route": [route],
        "key": [key],
        "body_hash": [digest],
        "status": [status],
        "response": [""],
        "created_at": [tx.now],
    }
    if not await bulk.insert_ignore(tx, _KEYS, row, key=("subject", "route", "key")):
        stored = await tx.first(select(_KEYS.c.body_hash, _KEYS.c.status, _KEYS.c.response).where(own))
        assert stored is not None
        if stored.body_hash != digest:
            raise KeyReused
        return Answer(stored.status, stored.response.encode(), replayed=True)
    result = await action()
    if isinstance(result, Response):
        status, content = result.status_code, bytes(result.body)
    else:
        content = result.model_dump_json().encode() if isinstance(result, BaseModel) else orjson.dumps(result)
    await tx.execute(update(_KEYS).where(own).values(status=status, response=content.decode()))
    return Answer(status, content, replayed=False)
