"""What the routes and handlers of reading are given at start."""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends
from starlette.requests import Request

from services.reading.domain.policy import Policies


@dataclass(frozen=True, slots=True)
class Context:
    """`zone` is where the utility's civil days are."""

    policies: Policies
    zone: ZoneInfo


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Own = Annotated[Context, Depends(_context)]
