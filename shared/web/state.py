"""What the routes of one application share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import Row
from starlette.requests import Request

from shared import health
from shared.approvals import Kind
from shared.db.edges import Edges
from shared.db.engine import Database, View
from shared.db.jobs import Job
from shared.metrics import Metrics
from shared.settings import Settings
from shared.trace import TraceNode
from shared.web.auth import Authenticator
from shared.web.rates import Rates

Gauges = Callable[[View], Awaitable[Mapping[str, float]]]
"""Reads gauges of the metrics catalogue from the database, at each scrape."""

ControlTotals = Callable[[View, str], Awaitable[Mapping[str, int]]]
"""Returns the service's control totals of a cycle (`2026-01`) by name."""

ControlDocuments = Callable[[View, str, str, int], Awaitable[Sequence[Row[Any]]]]
"""Returns the documents of a cycle behind an id, so many at most, by their ids: `id`, `subject`, `amount`, `stands`."""

Tracer = Callable[[View, str], Awaitable[TraceNode | None]]
"""Returns the document of this id, or None; a capability brings one for each kind of document that it owns."""


@dataclass(frozen=True, kw_only=True)
class Web:
    """The parts of one application: `request.app.state.web`."""

    service: str
    settings: Settings
    database: Database
    authenticator: Authenticator
    rates: Rates
    metrics: Metrics
    checks: Mapping[str, health.Check]
    degrading: Mapping[str, health.Check]
    jobs: Mapping[str, Job]
    gauges: Sequence[Gauges]
    control_totals: Sequence[ControlTotals]
    control_documents: Mapping[str, ControlDocuments]
    tracers: Mapping[str, Tracer]
    edges: Edges
    consumer: str
    approvals: Mapping[str, Kind]


async def _web(request: Request) -> Web:
    web: Web = request.app.state.web
    return web


async def _database(request: Request) -> Database:
    return (await _web(request)).database


async def context(request: Request) -> Any:
    """Return what the service's own routes were given at start; a service annotates it with its type."""
    return request.app.state.context


Current = Annotated[Web, Depends(_web)]

Db = Annotated[Database, Depends(_database)]
"""The service's database, as a parameter of a route: `db: web.Db`."""
