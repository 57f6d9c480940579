"""The composition root of collection."""

import json
from datetime import date

from services.collection.context import Context
from services.collection.dunning import api as reminders
from services.collection.dunning import jobs
from services.collection.ledger import api as books
from services.collection.ledger.domain import policy
from services.collection.ledger.domain.policy import Policy
from services.collection.payments.api import callbacks, orders, payments
from services.collection.receivables import api as receivables
from services.collection.receivables import consumers
from services.collection.receivables.store import waiting_oldest
from services.collection.settings import CollectionSettings
from services.collection.views import api as views
from services.collection.views.store import totals, trace
from shared import service
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.service import Service
from shared.settings import SettingsError

NAME = "collection"


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
        routers=[
            orders.router,
            callbacks.router,
            payments.router,
            receivables.router,
            books.router,
            reminders.router,
            views.router,
        ],
        handlers=consumers.handlers(rules),
        jobs=jobs.jobs(rules),
        gauges=[totals.gauges],
        waiting_oldest=[waiting_oldest],
        control_totals=[totals.control_totals],
        tracers=trace.TRACERS,
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
