"""What the routes and handlers of reading are given at start, and who may call them."""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends
from starlette.requests import Request

from services.reading.policies.domain import Policies
from shared.web import auth

READ = auth.scope("reading:read")
WRITE = auth.scope("reading:write")
UPLOAD = auth.scope("reading:upload")
PUSH = auth.device(or_scope="reading:upload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`zone` is where the utility's civil days are."""

    policies: Policies
    zone: ZoneInfo


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Own = Annotated[Context, Depends(_context)]
