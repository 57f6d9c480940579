"""The web side of a service: one FastAPI application with everything that all services have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from shared import health
from shared.approvals import Kind
from shared.db import approvals as approvals_store
from shared.db.edges import Edges
from shared.db.engine import Database
from shared.db.jobs import Job
from shared.metrics import Metrics
from shared.settings import Settings
from shared.web import approvals as approval_routes
from shared.web import dead_letters, errors, openapi, platform_routes, purge, routing, vitals
from shared.web.admission import Admission
from shared.web.auth import Authenticator
from shared.web.devices import Devices
from shared.web.edge import Edge
from shared.web.rates import Rates
from shared.web.state import ControlDocuments, ControlTotals, Gauges, Tracer, Web
from shared.web.token_keys import KeySet, OneKey
from shared.web.tokens import Rules, Tokens

VERSION = "0.1.0"


class App(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            openapi.complete(super().openapi())
        assert self.openapi_schema is not None
        return self.openapi_schema


def _tokens(settings: Settings, metrics: Metrics) -> Tokens:
    rules = Rules(
        issuer=settings.token_issuer, audience=settings.token_audience, seconds_max=settings.token_seconds_max
    )
    if settings.token_keys_url:
        keys = KeySet(settings.token_keys_url, certificates=settings.token_keys_certificates)
        metrics.gauge("token_keys_age_seconds").set_function(keys.age_seconds)
        return Tokens(keys, rules)
    assert settings.token_key is not None
    return Tokens(OneKey(settings.token_key.get_secret_value(), settings.token_algorithm), rules)


def create_app(
    *,
    service: str,
    settings: Settings,
    database: Database,
    routers: Sequence[routing.Router] = (),
    jobs: Sequence[Job] = (),
    devices: Devices | None = None,
    checks: Mapping[str, health.Check] | None = None,
    degrading: Mapping[str, health.Check] | None = None,
    gauges: Sequence[Gauges] = (),
    control_totals: Sequence[ControlTotals] = (),
    control_documents: Mapping[str, ControlDocuments] | None = None,
    tracers: Mapping[str, Tracer] | None = None,
    edges: Edges = (),
    metrics: Metrics | None = None,
    approvals: Sequence[Kind] = (),
    context: Any = None,
) -> FastAPI:
    """Return the application: the given routes, and health, metrics, jobs, dead letters, audit, control totals and trace.

    `checks` are readiness checks beside the database's, `degrading` those of parts without which requests are answered all the
    same; `context` is whatever the service's own routes need, they get it as
    `request.app.state.context`.
    """
    consumer = f"wattline.{service}"
    metrics = metrics or Metrics(service)
    web = Web(
        service=service,
        settings=settings,
        database=database,
        authenticator=Authenticator(_tokens(settings, metrics), devices=devices),
        rates=Rates(settings, metrics),
        metrics=metrics,
        checks={"database": health.of_database(database), **(checks or {})},
        degrading=degrading or {},
        jobs={job.name: job for job in (*jobs, purge.JOB)},
        gauges=gauges,
        control_totals=control_totals,
        control_documents=control_documents or {},
        tracers={approvals_store.KIND: approvals_store.tracer(service), **(tracers or {})},
        edges=edges,
        consumer=consumer,
        approvals={kind.name: kind for kind in (*approvals, dead_letters.discarding(consumer))},
    )
    vitals.begin(metrics, version=VERSION, job_names=web.jobs)
    edge = Middleware(
        Edge,
        service=service,
        metrics=metrics,
        body_bytes_max=settings.body_bytes_max,
        admission=Admission(settings, metrics),
        strangers=web.rates.strangers,
    )
    app = App(
        title=f"wattline {service}",
        version=VERSION,
        openapi_url=None,  # served by a route of our own, which declares its policy
        redirect_slashes=False,
        middleware=[edge],
    )
    app.state.web = web
    app.state.context = context
    errors.install(app)
    routing.add(app, [*routers, platform_routes.router, dead_letters.router, approval_routes.router])
    return app
