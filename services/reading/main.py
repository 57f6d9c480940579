"""The composition root of reading."""

from services.reading.adapters import policies, queries
from services.reading.entrypoints import api_masterdata, api_reads, api_views, consumers, jobs
from services.reading.entrypoints.context import Context
from services.reading.settings import ReadingSettings
from shared import service, web
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.db.engine import View
from shared.service import Service
from shared.settings import SettingsError
from shared.trace import TraceNode
from shared.web.devices import DeviceRecord

NAME = "reading"
KINDS = ("usage", "read", "upload", "device_message")


def build(settings: ReadingSettings, *, event_log: EventLog, clock: Clock | None = None) -> Service:
    """Return the reading service."""
    database = service.open_database(settings, NAME, clock=clock or SystemClock())
    try:
        rules = policies.load(settings.reading_policies)
    except (OSError, ValueError) as fault:
        raise SettingsError(f"wrong setting: WATTLINE_READING_POLICIES: {fault}") from fault
    own = Context(rules, settings.timezone)

    async def device(device_id: str) -> DeviceRecord | None:
        async with database.view() as view:
            return await queries.device(view, device_id)

    return service.assemble(
        NAME,
        settings=settings,
        database=database,
        event_log=event_log,
        routers=[api_reads.router, api_masterdata.router, api_views.router],
        handlers=consumers.handlers(own),
        jobs=jobs.jobs(own),
        gauges=[queries.gauges],
        control_totals=[queries.control_totals],
        tracers={kind: _tracer(kind) for kind in KINDS},
        device_lookup=device,
        context=own,
    )


def _tracer(kind: str) -> web.Tracer:
    async def traced(view: View, id: str) -> TraceNode | None:
        return await queries.trace(view, kind, id)

    return traced
