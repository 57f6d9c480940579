"""What the routes and handlers of the notify service are given at start, and who may call them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request

from services.notify.policies.domain import Policy
from services.notify.templates.domain import Catalogue
from shared.db.engine import Tx
from shared.web import auth

READ = auth.scope("notify:read")
WRITE = auth.scope("notify:write")
Number = Annotated[str, Path(min_length=1, max_length=64)]


@dataclass(frozen=True)
class Context:
    """`wake` tells the sender that something is due; `take_up` queues what waited for a contact of these accounts."""

    policy: Policy
    catalogue: Catalogue
    wake: Callable[[], None]
    take_up: Callable[[Tx, Sequence[str], Policy], Awaitable[None]]


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Own = Annotated[Context, Depends(_context)]
