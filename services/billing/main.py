"""The composition root of billing: the only file that builds its engine, event log and clock."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from services.billing.accounts import api as accounts_api
from services.billing.accounts import consumers as account_consumers
from services.billing.accounts import use_cases as accounts
from services.billing.activation import api as activation_api
from services.billing.activation import use_cases as activation
from services.billing.adjustments import api as adjustments_api
from services.billing.adjustments import consumers as adjustment_consumers
from services.billing.adjustments import jobs as adjustment_jobs
from services.billing.adjustments.use_cases import settling
from services.billing.adjustments.use_cases import withdrawing as adjustments_withdrawing
from services.billing.bills.api import bills as bills_api
from services.billing.bills.api import corrections as corrections_api
from services.billing.bills.api import touched as touched_api
from services.billing.bills.domain import policy
from services.billing.bills.store import trace as bills_trace
from services.billing.bills.use_cases import adopting, billed_days
from services.billing.cases import consumers as case_consumers
from services.billing.cases import jobs as case_jobs
from services.billing.cases.api import cases as cases_api
from services.billing.cases.api import charges as charges_api
from services.billing.cases.api import reclassing as reclassing_api
from services.billing.cases.store import charges as charges_store
from services.billing.cases.store import signals as case_signals
from services.billing.cases.use_cases import adjusting, charging, hands, reclassing, signalling, visiting, withdrawing
from services.billing.closings import api as closings_api
from services.billing.closings import consumers as closing_consumers
from services.billing.closings import jobs as closing_jobs
from services.billing.closings.use_cases import approving
from services.billing.contents import CONTENTS
from services.billing.context import Context, Rater
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import points as points_store
from services.billing.daily_charges import api as daily_charges_api
from services.billing.daily_charges import consumers as daily_charge_consumers
from services.billing.daily_charges import jobs as daily_charge_jobs
from services.billing.decisions.api import assigning as assigning_api
from services.billing.decisions.api import deciding as deciding_api
from services.billing.decisions.api import page as page_api
from services.billing.decisions.api import queue as queue_api
from services.billing.decisions.api import rules as rules_api
from services.billing.decisions.use_cases import deciding
from services.billing.freezing import api as freezing_api
from services.billing.rating import second_opinion
from services.billing.rating.rating_types import RatedBill, Request
from services.billing.rating.tariff.book import TariffBook
from services.billing.replays import api as bill_replays_api
from services.billing.replays import jobs as replay_jobs
from services.billing.restoring import api as restoring_api
from services.billing.runs import consumers, jobs
from services.billing.runs.api import replays as replays_api
from services.billing.runs.api import runs as runs_api
from services.billing.runs.use_cases import clocks, release
from services.billing.settings import BillingSettings, software
from services.billing.site_orders import api as site_orders_api
from services.billing.site_orders import consumers as site_order_consumers
from services.billing.tariffs.api import advice as advice_api
from services.billing.tariffs.api import documents as tariffs_api
from services.billing.tariffs.store import trace as tariffs_trace
from services.billing.trials import api as trials_api
from services.billing.trials import jobs as trial_jobs
from services.billing.usages import api as usages_api
from services.billing.usages.store import usages as usages_store
from services.billing.uses import api as uses_api
from services.billing.uses import jobs as use_jobs
from services.billing.uses.domain import policy as uses_policy
from services.billing.views import documents
from services.billing.views.store import edges, trace
from services.billing.views.store import totals as views
from shared import service
from shared.approvals import Kind
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.db.engine import Database, View
from shared.events.reading import ServicePointChanged
from shared.loops import Loop
from shared.metrics import Metrics
from shared.service import Service
from shared.settings import calendar as calendar_of
from shared.settings import document

ROUTERS = (
    accounts_api.router,
    tariffs_api.router,
    activation_api.router,
    bills_api.router,
    restoring_api.router,
    queue_api.router,
    assigning_api.router,
    rules_api.router,
    replays_api.router,
    deciding_api.router,
    page_api.router,
    site_orders_api.router,
    touched_api.router,
    corrections_api.router,
    adjustments_api.router,
    closings_api.router,
    runs_api.router,
    freezing_api.router,
    usages_api.router,
    advice_api.router,
    cases_api.router,
    trials_api.router,
    uses_api.router,
    charges_api.router,
    reclassing_api.router,
    bill_replays_api.router,
    daily_charges_api.router,
)
TRACERS = {
    "bill": bills_trace.bill,
    "bill_line": bills_trace.line,
    "tariff_version": tariffs_trace.tariff_version,
    "correction": bills_trace.correction,
    "difference": bills_trace.difference,
    "adjustment": documents.adjustment_trace,
    "charge": documents.charge_trace,
    **trace.TRACERS,
}
STATES = accounts.STATES
VERSIONS = (*contracts_store.VERSIONS, *charges_store.VERSIONS)


def build(
    settings: BillingSettings,
    *,
    event_log: EventLog,
    clock: Clock | None = None,
    rater: second_opinion.Rater = second_opinion.rate,
) -> Service:
    """Put the billing service together; raises `SettingsError` for a policy file that cannot be used."""
    clock = clock or SystemClock()
    database = service.open_database(settings, "billing", clock=clock)
    metrics = Metrics("billing")
    context = Context(
        policies=document("WATTLINE_BILLING_POLICY", settings.billing_policy, policy.load),
        rater=_counted(rater, metrics),
        calendar=calendar_of(settings),
        zone=settings.timezone,
        on_bills=signalling.of_bills,
        uncounted_rater=rater,
        software=software(),
    )
    known = account_consumers.handlers(context)
    uses = document("WATTLINE_USES_POLICY", settings.uses_policy, uses_policy.load)

    async def gauges(view: View) -> Mapping[str, float]:
        for step, late in (await clocks.overdue(view, context=context)).items():
            metrics.gauge("run_steps_overdue").labels(step).set(late.runs)
            metrics.gauge("run_steps_overdue_oldest_seconds").labels(step).set(
                timedelta(days=late.days).total_seconds()
            )
        return await views.gauges(view, clock.now(), settings.timezone, context.calendar)

    return service.assemble(
        "billing",
        settings=settings,
        database=database,
        event_log=event_log,
        routers=ROUTERS,
        handlers={
            **known,
            **case_consumers.handlers(context, known[ServicePointChanged]),
            **consumers.handlers(context),
            **adjustment_consumers.handlers(),
            **daily_charge_consumers.handlers(),
            **closing_consumers.handlers(settings.timezone),
            **site_order_consumers.handlers({visiting.CASE: visiting.heard}),
        },
        jobs=[
            jobs.release_runs(context),
            adjustment_jobs.adjust_meters(context),
            case_jobs.date_case_steps(context),
            use_jobs.find_changed_uses(context, uses),
            closing_jobs.find_unused_supplies(context),
            closing_jobs.advance_closings(context),
            replay_jobs.replay_sample(context),
        ],
        background=_loops(settings, database, context),
        gauges=[gauges],
        waiting_oldest=[usages_store.waiting_oldest, points_store.asking_oldest, case_signals.waiting_oldest],
        control_totals=[views.control_totals],
        control_documents=documents.KINDS,
        tracers=TRACERS,
        edges=edges.EDGES,
        context=context,
        metrics=metrics,
        approvals=kinds_of_approval(context),
        contents=CONTENTS,
    )


def _loops(settings: BillingSettings, database: Database, context: Context) -> list[Loop]:
    return [
        jobs.issuer(database, context),
        daily_charge_jobs.teller(database, context),
        trial_jobs.worker(database, context, by=settings.instance, processes=settings.billing_trial_processes),
    ]


def kinds_of_approval(context: Context) -> list[Kind]:
    """Return what two people do in billing."""
    return [
        *deciding.kinds_of_approval(context),
        adopting.kind_of_approval(context, restoring_api.KEEPERS),
        settling.kind_of_approval(context),
        adjustments_withdrawing.kind_of_approval(context, hands.check),
        approving.kind_of_approval(context),
        *charging.kinds_of_approval(context),
        withdrawing.kind_of_approval(),
        adjusting.kind_of_approval(context),
        release.kind_of_approval(context),
        activation.kind_of_approval(),
        reclassing.with_cases(billed_days.kind_of_approval(partial(accounts.put_approved, context=context))),
    ]


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
