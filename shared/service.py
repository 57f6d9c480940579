"""One service put together: application, consumer, relay, background tasks; what the four mains have in common."""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from shared import health, tls, web
from shared.approvals import Kind
from shared.bus import dead_letters
from shared.bus.consumer import Consumer
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.handling import Handler
from shared.bus.kafka import Access, KafkaEventLog
from shared.bus.ports import EventLog
from shared.bus.relay import Relay
from shared.bus.watch import Watch
from shared.clock import Clock, SystemClock
from shared.db import approvals as approvals_store
from shared.db import audit_chain, journal, retention, verifying
from shared.db.audit_chain import Head
from shared.db.contents import NONE, Reader, Readers
from shared.db.edges import Edges
from shared.db.engine import Database, View
from shared.db.jobs import Job
from shared.db.sealing import Sealer
from shared.events.fact import Fact
from shared.loops import Loop, survive
from shared.metrics import Metrics
from shared.settings import Settings
from shared.web.connection import Connection, OpenConnections
from shared.web.devices import Devices
from shared.web.routing import Router
from shared.web.state import ControlDocuments, ControlTotals, Gauges, Tracer

log = logging.getLogger(__name__)

STUCK_SECONDS = 120  # a consumer that has not come round for so long is stuck (aiokafka #847, #1154): not ready, alarm
GRACE_SECONDS = 10  # what requests and tasks get to finish at a stop
CONNECTIONS_MAX = (
    800  # open at a time: with the database's and the log's below the 1,024 files that a process usually has
)
BACKLOG = 128  # accepted at once, before the first of them can be ended
KEEP_ALIVE_SECONDS = 65

WaitingOldest = Callable[[View], Awaitable[datetime | None]]
"""Returns since when the oldest row of a capability waits for a reference."""


@dataclass(kw_only=True)
class Service:
    name: str
    app: FastAPI
    database: Database
    consumer: Consumer | None
    relay: Relay
    watch: Watch
    sealer: Sealer
    background: Sequence[Loop] = ()
    metrics: Metrics

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """Return the loops beside the application: those of the platform and the service's own; none of them ends the service."""
        consumer = {} if self.consumer is None else {"consumer": self.consumer.run}
        own = {f"background_{number}": loop for number, loop in enumerate(self.background)}
        loops: dict[str, Loop] = {
            **consumer,
            "relay": self.relay.run,
            "watch": self.watch.run,
            "sealer": self.sealer.run,
            **own,
        }
        return [survive(name, loop, self.metrics) for name, loop in loops.items()]

    async def serve(self, *, host: str, port: int, stop: asyncio.Event) -> None:
        """Run everything until `stop` is set."""
        server = uvicorn.Server(server_config(self.app, self.metrics, host=host, port=port))
        # signals are the command's business, once for all services of the process
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        try:
            await self.database.warm()
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(server.serve())
                loops = [group.create_task(loop) for loop in self.tasks()]
                stopping = group.create_task(stop.wait())
                await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
                server.should_exit = True
                await serving
                for loop in [*loops, stopping]:
                    loop.cancel()
        finally:
            await self.database.close()


def server_config(app: FastAPI, metrics: Metrics, *, host: str, port: int) -> uvicorn.Config:
    """Return how an application is served: every limit below HTTP."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=partial(Connection, open_ones=OpenConnections(CONNECTIONS_MAX, metrics)),  # type: ignore[arg-type]
        ws="none",
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="off",
    )


def assemble(
    name: str,
    *,
    settings: Settings,
    database: Database,
    event_log: EventLog,
    routers: Sequence[Router],
    handlers: Mapping[type[Fact], Handler],
    jobs: Sequence[Job] = (),
    background: Sequence[Loop] = (),
    gauges: Sequence[Gauges] = (),
    waiting_oldest: Sequence[WaitingOldest] = (),
    control_totals: Sequence[ControlTotals] = (),
    control_documents: Mapping[str, ControlDocuments] | None = None,
    tracers: Mapping[str, Tracer] | None = None,
    edges: Edges = (),
    devices: Devices | None = None,
    context: Any = None,
    metrics: Metrics | None = None,
    approvals: Sequence[Kind] = (),
    contents: Readers | None = None,
) -> Service:
    """Return a service from its parts."""
    metrics = metrics or Metrics(name)
    relay = Relay(name, database, event_log, metrics=metrics)
    watch = Watch(event_log, metrics)
    consumer = _consumer(name, settings, database, event_log, handlers, metrics) if handlers else None
    app = web.create_app(
        service=name,
        settings=settings,
        database=database,
        routers=routers,
        jobs=[
            *jobs,
            retention.purge_journal(days=settings.journal_days),
            retention.purge_inbox(journal_days=settings.journal_days),
            verifying.job(name, _audit_since(settings, name)),
        ],
        devices=devices,
        degrading={"event_log": _answers(watch), **({"consumer": _consumes(consumer)} if consumer else {})},
        gauges=[_platform_gauges(consumer, database.clock, metrics, waiting_oldest), *gauges],
        control_totals=control_totals,
        control_documents=control_documents,
        tracers=tracers,
        edges=edges,
        metrics=metrics,
        approvals=approvals,
        context=context,
    )
    database.contents = _contents(app.state.web.approvals) | dict(contents or {})
    return Service(
        name=name,
        app=app,
        database=database,
        consumer=consumer,
        relay=relay,
        watch=watch,
        sealer=Sealer(name, database),
        background=[*background, *app.state.web.authenticator.tokens.keys.loops()],
        metrics=metrics,
    )


def _consumer(
    name: str,
    settings: Settings,
    database: Database,
    event_log: EventLog,
    handlers: Mapping[type[Fact], Handler],
    metrics: Metrics,
) -> Consumer:
    return Consumer(
        f"wattline.{name}",
        database,
        event_log,
        handlers,
        facts_max=settings.consumer_batch_facts,
        dead_letters_max=settings.dead_letters_max,
        metrics=metrics,
    )


def _contents(approvals: Iterable[str]) -> dict[str, Reader]:
    """Return how the audit reads what commands of the platform change: approvals by their kind, and what is a record itself."""
    return {"job": NONE, "dead_letter": NONE, **{kind: approvals_store.contents(kind) for kind in approvals}}


def open_event_log(settings: Settings, *, instance: str) -> EventLog:
    """Return the event log that the settings name."""
    url = settings.event_log_url
    if url.startswith("kafka://"):
        return KafkaEventLog(
            url.removeprefix("kafka://"),
            instance=instance,
            replication_factor=settings.kafka_replication_factor,
            access=_kafka_access(settings),
        )
    return EmbeddedEventLog(url.removeprefix("embedded://"))


def _kafka_access(settings: Settings) -> Access:
    password = settings.kafka_password
    return Access(
        tls=tls.context("WATTLINE_KAFKA_CERTIFICATES", settings.kafka_certificates) if settings.kafka_tls else None,
        username=settings.kafka_username,
        password=password.get_secret_value() if password else "",
    )


def open_database(settings: Settings, service: str, *, clock: Clock | None = None) -> Database:
    """Return a service's database as the settings name it."""
    return Database(
        settings.database_url_of(service),
        clock=clock or SystemClock(),
        tls=database_tls(settings),
        zone=settings.timezone,
    )


def database_tls(settings: Settings) -> ssl.SSLContext | None:
    """Return how the database's server is checked, or None where it is reached without TLS."""
    return (
        tls.context("WATTLINE_DATABASE_CERTIFICATES", settings.database_certificates) if settings.database_tls else None
    )


def _audit_since(settings: Settings, service: str) -> Head | None:
    kept = settings.audit_since.get(service)
    return Head.parse(kept) if kept else None


def _answers(watch: Watch) -> health.Check:
    async def is_up() -> bool:
        return watch.up

    return is_up


def _consumes(consumer: Consumer) -> health.Check:
    async def comes_round() -> bool:
        return not consumer.stopped_topics and time.monotonic() - consumer.ticked_at < STUCK_SECONDS

    return comes_round


def _platform_gauges(
    consumer: Consumer | None,
    clock: Clock,
    metrics: Metrics,
    waiting_oldest: Sequence[WaitingOldest],
) -> Gauges:
    def age(since: datetime | None) -> float:
        return 0.0 if since is None else max((clock.now() - since).total_seconds(), 0.0)

    async def read_gauges(view: View) -> Mapping[str, float]:
        pending, oldest = await journal.pending_state(view)
        metrics.gauge("consumer_silent_seconds").set(time.monotonic() - consumer.ticked_at if consumer else 0.0)
        values = {"journal_pending": float(pending), "journal_pending_oldest_age_seconds": age(oldest)}
        unsealed, since = await audit_chain.waiting(view)
        values |= {"audit_unsealed": float(unsealed), "audit_unsealed_oldest_age_seconds": age(since)}
        values["audit_faults"] = float(await verifying.faults(view))
        if waiting_oldest:
            values["waiting_oldest_age_seconds"] = max([age(await oldest(view)) for oldest in waiting_oldest])
        if consumer is not None:
            counts = await dead_letters.count(view, consumer.name)
            for state in ("poison", "parked", "ready"):
                metrics.gauge("dead_letters").labels(state).set(counts.get(state, 0))
            values["parked_keys"] = float(await dead_letters.count_parked(view, consumer.name))
        return values

    return read_gauges
