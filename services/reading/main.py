"""The composition root of reading."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from services.reading.adherence import api as adherence
from services.reading.alarms import api as alarms
from services.reading.answers import consumers as answers
from services.reading.appointments import api as appointments
from services.reading.conduct import api as conduct
from services.reading.conduct import jobs as conduct_jobs
from services.reading.contents import CONTENTS
from services.reading.context import Context
from services.reading.cycles import api as cycles
from services.reading.cycles import consumers, jobs
from services.reading.daily import api as daily
from services.reading.daily.jobs import Teller
from services.reading.disputes import api as disputes
from services.reading.disputes import consumers as dispute_consumers
from services.reading.disputes import store as disputes_store
from services.reading.disputes.use_cases import testing
from services.reading.field import api as field
from services.reading.idle_meters import api as idle_meters
from services.reading.intake.api import curves, installations, reads
from services.reading.intake.use_cases import changing, connecting
from services.reading.network import api as network
from services.reading.network.store import devices, points
from services.reading.network.use_cases.reference import STATES as POINT_STATES
from services.reading.observations import api as observations
from services.reading.orders import api as orders
from services.reading.orders import consumers as order_consumers
from services.reading.orders import jobs as order_jobs
from services.reading.own_reads import api as own_reads
from services.reading.policies import domain as policies
from services.reading.policies.domain import Policies
from services.reading.read_day_changes import api as read_day_changes
from services.reading.read_day_changes.use_cases import deciding as read_day_decisions
from services.reading.readers import api as readers
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import waiting, waiting_curves
from services.reading.rollouts import api as rollouts
from services.reading.rollouts import jobs as rollout_jobs
from services.reading.scorecards import api as scorecards
from services.reading.scorecards import consumers as scorecard_consumers
from services.reading.scorecards import jobs as scorecard_jobs
from services.reading.settings import ReadingSettings
from services.reading.stock import api as stock
from services.reading.supply import api as supply
from services.reading.supply import consumers as supply_consumers
from services.reading.supply.gateways import HttpHeadEnd
from services.reading.supply.sender import SupplySender
from services.reading.supply.use_cases.sending import Rules as SupplyRules
from services.reading.tasks import api as tasks
from services.reading.usage import api as usages
from services.reading.validation import api as findings
from services.reading.views import api as views
from services.reading.views.store import edges, totals, trace
from services.reading.visits import api as visits
from shared import service
from shared.bus.handling import Handler
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.db.engine import Database, View
from shared.events.fact import Fact
from shared.metrics import Metrics
from shared.outcalls import Server
from shared.service import Service
from shared.settings import calendar, document
from shared.web.devices import DeviceRecord, Devices

NAME = "reading"
STATES = POINT_STATES
VERSIONS = (*points.VERSIONS, *disputes_store.VERSIONS)
ROUTERS = [
    network.router,
    installations.router,
    stock.router,
    idle_meters.router,
    rollouts.router,
    tasks.router,
    readers.router,
    findings.router,
    usages.router,
    daily.router,
    reads.router,
    curves.router,
    alarms.router,
    observations.router,
    cycles.router,
    read_day_changes.router,
    appointments.router,
    own_reads.router,
    field.router,
    orders.router,
    visits.router,
    disputes.router,
    supply.router,
    adherence.router,
    conduct.router,
    scorecards.router,
    views.router,
]


def build(settings: ReadingSettings, *, event_log: EventLog, clock: Clock | None = None) -> Service:
    """Return the reading service."""
    database = service.open_database(settings, NAME, clock=clock or SystemClock())

    async def device(device_id: str) -> DeviceRecord | None:
        async with database.view() as view:
            return await devices.record(view, device_id, now=database.clock.now())

    previous = settings.device_master_key_previous
    own = Context(
        policies=load_policies(settings.reading_policy),
        calendar=calendar(settings),
        zone=settings.timezone,
        devices=Devices(
            settings.device_master_key.get_secret_value(),
            device,
            previous=previous.get_secret_value() if previous else None,
        ),
    )

    async def gauges(view: View) -> Mapping[str, float]:
        return await totals.gauges(view, database.clock.now(), own)

    metrics = Metrics(NAME)
    return service.assemble(
        NAME,
        settings=settings,
        database=database,
        event_log=event_log,
        routers=ROUTERS,
        handlers=_handlers(own),
        jobs=[
            *jobs.jobs(own),
            *order_jobs.jobs(own),
            *rollout_jobs.jobs(own),
            *conduct_jobs.jobs(own),
            *scorecard_jobs.jobs(own),
        ],
        background=[_supply_sender(settings, database, own, metrics).run, Teller(database, own).run],
        metrics=metrics,
        gauges=[gauges],
        waiting_oldest=[waiting.oldest, waiting_curves.oldest],
        control_totals=[totals.control_totals],
        control_documents={
            "usage": totals.usages,
            "estimate": totals.estimates,
            "supply_order": totals.supply_orders,
            "supply_switched": totals.supplies_switched,
        },
        tracers=trace.tracers(ReadDays(own.policies, own.zone)),
        edges=edges.EDGES,
        devices=own.devices,
        approvals=[
            changing.kind_of_approval(own),
            connecting.kind_of_approval(own),
            read_day_decisions.kind_of_approval(own),
            testing.kind_of_approval(own),
        ],
        contents=CONTENTS,
        context=own,
    )


def _handlers(own: Context) -> Mapping[type[Fact], Handler]:
    return {
        **consumers.handlers(own),
        **order_consumers.handlers(own),
        **dispute_consumers.handlers(),
        **scorecard_consumers.handlers(),
        **answers.handlers(own),
        **supply_consumers.handlers(),
    }


def _supply_sender(settings: ReadingSettings, database: Database, own: Context, metrics: Metrics) -> SupplySender:
    head_end = None
    if settings.supply_url is not None:
        certificates = str(settings.supply_certificates) if settings.supply_certificates else None
        secrets = (settings.supply_secret, settings.supply_secret_previous)
        head_end = HttpHeadEnd(
            Server(
                url=settings.supply_url,
                timeout_seconds=settings.supply_timeout_seconds,
                certificates=certificates,
            ),
            [secret.get_secret_value() for secret in secrets if secret is not None],
        )
    rules = SupplyRules(
        policies=own.policies,
        zone=own.zone,
        lease=timedelta(seconds=settings.supply_lease_seconds),
        head_end=head_end is not None,
    )
    return SupplySender(database, head_end, rules=rules, senders=settings.supply_senders, metrics=metrics)


def load_policies(path: Path) -> Policies:
    """Return the versions of the policy in a file; raises `SettingsError` where it is not usable."""
    return document("WATTLINE_READING_POLICY", path, policies.load)
