"""The composition root of billing: the only file that builds its engine, event log and clock."""

from collections.abc import Mapping, Sequence

import orjson

from services.billing.adapters import queries
from services.billing.application.context import Context, Rater
from services.billing.domain import policy
from services.billing.entrypoints import api, consumers, jobs
from services.billing.rating import second_opinion
from services.billing.rating.rating_types import RatedBill, Request
from services.billing.rating.tariff.book import TariffBook
from services.billing.settings import BillingSettings
from shared import service, web
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.db.engine import View
from shared.metrics import Metrics
from shared.service import Service
from shared.settings import SettingsError
from shared.trace import TraceNode


def build(
    settings: BillingSettings,
    *,
    event_log: EventLog,
    clock: Clock | None = None,
    rater: second_opinion.Rater = second_opinion.rate,
) -> Service:
    """Put the billing service together; raises SettingsError for a policy file that cannot be used."""
    clock = clock or SystemClock()
    database = service.open_database(settings, "billing", clock=clock)
    metrics = Metrics()
    context = Context(policies=_policies(settings), rater=_counted(rater, metrics))

    async def gauges(view: View) -> Mapping[str, float]:
        return await queries.gauges(view, clock.now())

    return service.assemble(
        "billing",
        settings=settings,
        database=database,
        event_log=event_log,
        routers=api.ROUTERS,
        handlers=consumers.handlers(context),
        jobs=[jobs.release_runs(context)],
        background=[jobs.issuer(database, context)],
        gauges=[gauges],
        waiting_oldest=[queries.waiting_oldest],
        control_totals=[queries.control_totals],
        tracers={kind: _tracer(kind) for kind in ("bill", "bill_line", "tariff_version", "correction", "difference")},
        context=context,
        metrics=metrics,
    )


def _counted(rate: second_opinion.Rater, metrics: Metrics) -> Rater:
    rated = metrics.counter("bills_rated_total")
    for result in ("agreeing", "differing", "alone"):
        rated.labels(result)  # from 0 on: an alert cannot see a counter grow that appears with its first count

    def counting(requests: Sequence[Request], book: TariffBook) -> Sequence[RatedBill]:
        bills, counts = rate(requests, book)
        rated.labels("agreeing").inc(len(bills) - counts.differing - counts.alone)
        rated.labels("differing").inc(counts.differing)
        rated.labels("alone").inc(counts.alone)
        return bills

    return counting


def _policies(settings: BillingSettings) -> policy.Policies:
    try:
        return policy.load(orjson.loads(settings.billing_policy.read_bytes()))
    except (OSError, ValueError) as error:
        detail = str(error) if isinstance(error, policy.PolicyWrong) else type(error).__name__
        raise SettingsError(f"wrong setting: WATTLINE_BILLING_POLICY: {detail}") from None


def _tracer(kind: str) -> web.Tracer:
    async def traced(view: View, id: str) -> TraceNode | None:
        return await queries.trace(view, kind, id)

    return traced
