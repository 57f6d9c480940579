"""What the entrypoints of the notify service share; built in main."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from services.notify.domain.policy import Policy
from services.notify.domain.templates import Catalogue
from services.notify.entrypoints.sender import Sender


@dataclass(frozen=True)
class Context:
    policy: Policy
    catalogue: Catalogue
    sender: Sender


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Current = Annotated[Context, Depends(_context)]
