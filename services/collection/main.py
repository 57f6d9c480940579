"""The composition root of collection."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from types import ModuleType
from typing import NamedTuple

from services.collection.contents import CONTENTS
from services.collection.context import Context
from services.collection.cuts import api as cuts_api
from services.collection.cuts import consumers as cut_consumers
from services.collection.cuts import domain as cuts
from services.collection.cuts import jobs as cut_jobs
from services.collection.cuts.domain import Rulebook as Cuts
from services.collection.cuts.use_cases import proposing
from services.collection.cuts.use_cases.ways import Ways
from services.collection.dunning import consumers as dunning_consumers
from services.collection.dunning import jobs
from services.collection.dunning.api import cases, doubts, holds
from services.collection.dunning.domain import ladders as dunning
from services.collection.dunning.domain.ladders import Ladders
from services.collection.dunning.use_cases.judging import Known
from services.collection.late_fees import api as late_fee_api
from services.collection.late_fees import consumers as late_fee_consumers
from services.collection.late_fees import domain as late_fees
from services.collection.late_fees import jobs as late_fee_jobs
from services.collection.late_fees.domain import Rulebook as LateFees
from services.collection.late_fees.use_cases import waiving
from services.collection.ledger import api as books
from services.collection.ledger import jobs as ledger_jobs
from services.collection.ledger.domain import policy
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import late_settlements
from services.collection.ledger.use_cases import months
from services.collection.payments.api import callbacks, orders, payments
from services.collection.payments.domain import COUNTER
from services.collection.payments.use_cases import reversal, suspense
from services.collection.plans import api as plans_api
from services.collection.plans import domain as plans
from services.collection.plans import jobs as plan_jobs
from services.collection.plans import use_cases as planning
from services.collection.plans.domain import Rulebook as Plans
from services.collection.prepaid import api as prepaid_api
from services.collection.prepaid import consumers as prepaid_consumers
from services.collection.prepaid import domain as prepaid
from services.collection.prepaid import jobs as prepaid_jobs
from services.collection.prepaid import store as prepaid_store
from services.collection.prepaid.domain import Rulebook as PrepaidRules
from services.collection.receivables import api as receivables
from services.collection.receivables import consumers
from services.collection.receivables.store import waiting_oldest
from services.collection.receivables.use_cases import openings
from services.collection.settings import CollectionSettings
from services.collection.settlements import api as settlements
from services.collection.settlements import consumers as settlement_consumers
from services.collection.settlements import jobs as settlement_jobs
from services.collection.settlements.use_cases import late, settling
from services.collection.standings import api as standings_api
from services.collection.standings import domain as standings
from services.collection.standings import jobs as standing_jobs
from services.collection.standings.domain import Rulebook
from services.collection.standings.store import VERSIONS as VERSIONS
from services.collection.standings.store import marked
from services.collection.standings.use_cases import STATES as STATES
from services.collection.supply import consumers as supply_consumers
from services.collection.supply import store as supply
from services.collection.supply.use_cases.settling import release_prepaid
from services.collection.targets import api as targets_api
from services.collection.targets import domain as targets
from services.collection.targets.domain import AgeingRules
from services.collection.views.api import books as views
from services.collection.views.api import recovery
from services.collection.views.store import checking, closed_accounts, edges, totals, trace
from shared import service
from shared.approvals import Kind
from shared.bus.handling import Handler
from shared.bus.ports import EventLog
from shared.clock import Clock, SystemClock
from shared.db.engine import View
from shared.document import Node
from shared.events.disputes import DisputeChanged
from shared.events.fact import Fact
from shared.service import Service
from shared.settings import SettingsError, calendar, document

NAME = "collection"


class Policies(NamedTuple):
    """The parts of the policy file, each as its capability reads it."""

    ledger: Policy
    ladders: Ladders
    plans: Plans
    fees: LateFees
    cuts: Cuts
    standings: Rulebook
    ageing: AgeingRules
    prepaid: PrepaidRules


def build(settings: CollectionSettings, *, event_log: EventLog, clock: Clock | None = None) -> Service:
    """Return the collection service."""
    clock = clock or SystemClock()
    rules, ladders, planned, fees, cut_rules, rulebook, ageing, prepaid_rules = load_policies(settings)
    days = calendar(settings)
    ways = Ways(cut_rules, days, settings.timezone, prepaid_rules, rules.second_person)
    database = service.open_database(settings, NAME, clock=clock)

    def today() -> date:
        return clock.now().astimezone(settings.timezone).date()

    async def accrued(view: View, account_no: str) -> int:
        return await late_fee_api.accrued_fen(view, fees, account_no, today())

    return service.assemble(
        NAME,
        settings=settings,
        database=database,
        event_log=event_log,
        routers=[
            orders.router,
            callbacks.router,
            payments.router,
            receivables.router,
            books.router,
            doubts.router,
            cases.router,
            holds.router,
            plans_api.router,
            late_fee_api.router,
            cuts_api.router,
            prepaid_api.router,
            settlements.router,
            standings_api.router,
            targets_api.router,
            views.router,
            recovery.router,
        ],
        handlers=_handlers(rules, ways),
        jobs=[
            *jobs.jobs(Known(ladders, days, marked)),
            plan_jobs.judge_plans(),
            cut_jobs.plan_cuts(ways),
            prepaid_jobs.judge_prepaid(),
            late_fee_jobs.charge_late_fees(rules, fees),
            settlement_jobs.settle_accounts(rules),
            standing_jobs.judge_standings(rulebook),
            ledger_jobs.fold_subtotals(),
            ledger_jobs.check_books(database, checking.parts, lambda view, part: checking.check(view, rules, part)),
        ],
        background=[
            cut_jobs.Clock(database, ways).run,
            prepaid_jobs.Judge(database, prepaid_rules, settings.timezone, release_prepaid).run,
        ],
        gauges=[_gauges(clock, today), ledger_jobs.gauges],
        waiting_oldest=[waiting_oldest],
        control_totals=[totals.control_totals],
        control_documents={"document": totals.documents, "supply_order": totals.supply_orders},
        tracers=trace.TRACERS,
        edges=edges.EDGES,
        approvals=_approvals(rules, fees, ways, today),
        contents=CONTENTS,
        context=Context(
            rules, ladders, planned, rulebook, fees, accrued, ways, ageing, today, settings.secret_of_channel
        ),
    )


def _handlers(rules: Policy, ways: Ways) -> dict[type[Fact], Handler]:
    dunning_handlers = dunning_consumers.handlers()
    return {
        **prepaid_consumers.handlers(),  # of one batch before the bills that take their place
        **consumers.handlers(rules),
        **dunning_handlers,
        **late_fee_consumers.handlers(dunning_handlers[DisputeChanged]),
        **settlement_consumers.handlers(),
        **supply_consumers.handlers(),
        **cut_consumers.handlers(ways),
    }


def _gauges(clock: Clock, today: Callable[[], date]) -> Callable[[View], Awaitable[Mapping[str, float]]]:
    async def gauges(view: View) -> Mapping[str, float]:
        now = clock.now()
        return {
            **await totals.gauges(view, now),
            **await late_settlements.gauges(view, now),
            **await supply.gauges(view, now),
            **await prepaid_store.gauges(view),
            **await closed_accounts.gauges(view, today()),
        }

    return gauges


def _approvals(rules: Policy, fees: LateFees, ways: Ways, today: Callable[[], date]) -> list[Kind]:
    return [
        months.kind_of_approval(today),
        planning.kind_of_approval(today),
        openings.kind_of_approval(rules, today),
        reversal.kind_of_approval(rules, today),
        suspense.kind_of_approval(rules, today),
        waiving.kind_of_approval(rules, fees, today),
        proposing.kind_of_approval(ways, today),
        settling.kind_of_approval(rules, today),
        late.kind_of_approval(rules, today),
    ]


def also(part: ModuleType) -> str:
    """Return the fields of a version of the policy that others than one of its parts read."""
    parts = (policy, dunning, plans, late_fees, cuts, standings, targets, prepaid)
    return " ".join(other.FIELDS for other in parts if other is not part)


def load_policies(settings: CollectionSettings) -> Policies:
    """Return the rules of ledger, dunning, plans, late fees, cuts, standings and ageing as the settings name them.

    Raises `SettingsError` where they are not usable.
    """

    def read(root: Node) -> Policies:
        return Policies(
            policy.read(root, also=also(policy)),
            dunning.read(root, also=also(dunning)),
            plans.read(root, also=also(plans)),
            late_fees.read(root, also=also(late_fees)),
            cuts.read(root, also=also(cuts)),
            standings.read(root, also=also(standings)),
            targets.read(root, also=also(targets)),
            prepaid.read(root, also=also(prepaid)),
        )

    found = document("WATTLINE_COLLECTION_POLICY", settings.collection_policy, lambda d: Node.read(d, read))
    rules = found.ledger
    known = {channel for each in rules.rules for channel in each.channels}
    if unknown := sorted(set(settings.secret_of_channel) - known):
        raise SettingsError(f"wrong setting: WATTLINE_CHANNEL_SECRETS: not in the policy: {', '.join(unknown)}")
    if any(COUNTER not in each.channels for each in rules.rules):
        raise SettingsError("wrong setting: WATTLINE_COLLECTION_POLICY: each version needs the channel counter")
    return found
