"""The composition root of the notify service: the only file that builds its engine and clock."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.notify.adapters import queries
from services.notify.adapters.gateways.smtp import SmtpServer
from services.notify.domain import policy as policies
from services.notify.domain import templates
from services.notify.domain.policy import Policy
from services.notify.domain.templates import Catalogue
from services.notify.entrypoints import api, jobs
from services.notify.entrypoints.consumers import handlers
from services.notify.entrypoints.context import Context
from services.notify.entrypoints.sender import Sender
from services.notify.settings import NotifySettings
from shared import web
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.db.engine import View
from shared.metrics import Metrics
from shared.service import Service, assemble, open_database
from shared.trace import TraceNode
from shared.web.state import Gauges


def build(settings: NotifySettings, *, event_log: EventLog, clock: Clock | None = None) -> Service:
    """Return the notify service; raises `InvalidPolicy` or `InvalidTemplate` for data files that cannot be used."""
    clock = clock or SystemClock()
    database = open_database(settings, "notify", clock=clock)
    metrics = Metrics()
    policy, catalogue = load_policy(settings.notify_policy), load_templates(settings.notify_templates)
    sender = Sender(
        database,
        _smtp_server(settings),
        policy=policy,
        catalogue=catalogue,
        senders=settings.notice_senders,
        lease_seconds=settings.notice_lease_seconds,
        metrics=metrics,
    )
    context = Context(policy, catalogue, sender)
    return assemble(
        "notify",
        settings=settings,
        database=database,
        event_log=event_log,
        routers=[api.router],
        handlers=handlers(context),
        jobs=[jobs.give_up_waiting(policy)],
        background=[sender.run],
        gauges=[_gauges(clock)],
        waiting_oldest=[queries.waiting_oldest],
        control_totals=[queries.control_totals],
        tracers={kind: _tracer(kind) for kind in ("notice",)},
        context=context,
        metrics=metrics,
    )


def load_policy(path: Path) -> Policy:
    """Return the policy in a file."""
    return policies.load(_document(path), frozenset(templates.FIGURES))


def load_templates(directory: Path) -> Catalogue:
    """Return the templates in a directory, one file per template and version."""
    return Catalogue(templates.load(_document(path)) for path in sorted(directory.glob("*.json")))


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def _smtp_server(settings: NotifySettings) -> SmtpServer:
    return SmtpServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        sender=settings.smtp_sender,
        timeout_seconds=settings.smtp_timeout_seconds,
        certificates=str(settings.smtp_certificates) if settings.smtp_certificates else None,
    )


def _gauges(clock: Clock) -> Gauges:
    async def read_gauges(view: View) -> Mapping[str, float]:
        queued, oldest = await queries.queue_depth(view)
        age = 0.0 if oldest is None else max((clock.now() - oldest).total_seconds(), 0.0)
        return {"notices_queued": float(queued), "notices_oldest_age_seconds": age}

    return read_gauges


def _tracer(kind: str) -> web.Tracer:
    async def traced(view: View, id: str) -> TraceNode | None:
        return await queries.trace(view, kind, id)

    return traced
