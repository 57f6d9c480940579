"""The composition root of collection."""

import json
from datetime import date

from services.collection.adapters import queries
from services.collection.domain import policy
from services.collection.domain.policy import Policy
from services.collection.entrypoints import api_books, api_payments, consumers, jobs
from services.collection.entrypoints.context import Context
from services.collection.settings import CollectionSettings
from shared import service, web
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.db.engine import View
from shared.service import Service
from shared.settings import SettingsError
from shared.trace import TraceNode

NAME = "collection"
KINDS = ("payment", "payment_order", "receivable", "ledger_transaction", "reminder")


def build(settings: CollectionSettings, *, event_log: EventLog, clock: Clock | None = None) -> Service:
    """Return the collection service."""
    clock = clock or SystemClock()
    rules = load_policy(settings)

    def today() -> date:
        return clock.now().astimezone(settings.timezone).date()

    return service.assemble(
        NAME,
        settings=settings,
        database=service.open_database(settings, NAME, clock=clock),
        event_log=event_log,
        routers=[api_payments.router, api_books.router],
        handlers=consumers.handlers(rules),
        jobs=jobs.jobs(rules),
        gauges=[queries.gauges],
        waiting_oldest=[queries.waiting_oldest],
        control_totals=[queries.control_totals],
        tracers={kind: _tracer(kind) for kind in KINDS},
        context=Context(rules, today, settings.secret_of_channel),
    )


def load_policy(settings: CollectionSettings) -> Policy:
    """Return the policy that the settings name; raises `SettingsError` where it is not usable."""
    try:
        rules = policy.parse(json.loads(settings.collection_policy.read_text()))
    except (OSError, ValueError) as fault:
        raise SettingsError(f"wrong setting: WATTLINE_COLLECTION_POLICY: {fault}") from fault
    known = {channel for version in rules.versions for channel in version.channels}
    if unknown := sorted(set(settings.secret_of_channel) - known):
        raise SettingsError(f"wrong setting: WATTLINE_CHANNEL_SECRETS: not in the policy: {', '.join(unknown)}")
    if any("counter" not in version.channels for version in rules.versions):
        raise SettingsError("wrong setting: WATTLINE_COLLECTION_POLICY: each version needs the channel counter")
    return rules


def _tracer(kind: str) -> web.Tracer:
    async def traced(view: View, id: str) -> TraceNode | None:
        return await queries.trace(view, kind, id)

    return traced
