"""Rules of the reading service as data: limits of validation, roll-over, estimates and read windows, with their dates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final, Literal, get_args

from services.reading.policies.domain import conduct, idle, rollouts, scorecards, stock, supply
from services.reading.policies.domain.conduct import ConductRules
from services.reading.policies.domain.idle import IdleRules
from services.reading.policies.domain.rollouts import RolloutRules
from services.reading.policies.domain.scorecards import ScorecardRules
from services.reading.policies.domain.stock import StockRules
from services.reading.policies.domain.supply import SupplyRules
from shared import dated, second_person
from shared.business_calendar import Calendar, YearUnknown
from shared.dated import Versions
from shared.document import Node
from shared.exact import parse
from shared.second_person import SecondPerson

FUTURE_SECONDS_MAX: Final = 86_400
MIDNIGHT_SECONDS_MAX: Final = 3_600
WINDOW_DAYS_MAX: Final = 28
TOLERANCE_DAYS_MAX: Final = 10  # a third of a month: a read farther away is one of another date
BASIS_DAYS_MAX: Final = 366
REGISTER_DAILY_KWH_MAX: Final = 1_000_000
IN_A_ROW_MAX: Final = 60
PERCENT_MAX: Final = 10_000
DELTA_KWH_MAX: Final = 1_000_000_000
GAP_MINUTES_MAX: Final = 44_640  # a month
INSTALLATION: Final = "installation.change"
SERVICE_POINT: Final = "service_point.change"
METER_TEST: Final = "dispute.meter_test"
APPROVALS: Final = {INSTALLATION: "reading:write", SERVICE_POINT: "reading:write", METER_TEST: "reading:write"}
"""What two people do in reading, each with the scope of the second one."""
DUE_DAYS_MAX: Final = 366
DAILY_STALE_DAYS: Final = 3
DAILY_STALE_DAYS_MAX: Final = 31  # who is prepaid and not seen for a month is a debtor whom nobody warned
ANSWER_DAYS_MAX: Final = 92  # a question of last season is none any more
HOLD_DAYS_MAX: Final = 366
FEE_FEN_MAX: Final = 10_000_000
STEPS: Final = ("opened", "history", "joint_reread", "verification")
"""The steps of a dispute in their order (校表前复查): 受理, 用电历史, 共同复抄, 校表."""
WITHOUT_CUSTOMER: Final = "without_customer"
NOT: Final = "not"
CYCLES_MAX: Final = 120
REACH_DAYS_MAX: Final = 15  # half a month: a read farther away is one of another date
Role = Literal["reader", "inspector"]
"""What a person is on a route: 抄表员, 用电检查员."""
OrderKind = Literal[
    "reread",
    "joint_reread",
    "inspection",
    "use_check",
    "closing_check",
    "final_read",
    "verification",
    "meter_work",
    "appointment",
    "tell_person",
]
"""What a site order (现场工单) asks for: 复抄, 与客户共同复抄, 现场检查, 用电性质核查, 销户核查, 末次抄表, 校表,
装表换表, 待期补抄, 上门告知."""
ORDER_KINDS: Final = get_args(OrderKind)
AlarmKind = Literal["cover_opened", "magnetic_field", "reverse_flow", "clock", "phase"]
"""开盖 (of meter or terminal box), 磁场干扰, 潮流反向, 时钟异常, 失压/断相 (a phase without voltage, or cut)."""
CUSTOMER: Final = "customer"
CAUSES: Final = (CUSTOMER, "utility")
"""Who is the cause that a meter could not be read."""
METHODS: Final = ("previous_usage",)
"""Ways to estimate: by the daily average of what was settled before (`usage/domain/timeline`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A usage is high (low) from `percent` above (below) the history on, if it also differs by `delta_wh_min`."""

    percent: int
    delta_wh_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveRules:
    """What may be done to bring a load curve to the energy of the registers; beyond it the curve is refused."""

    gap_fill_minutes_max: int  # the longest gap that is filled in a straight line between its neighbours
    like_day_minutes_max: int  # the longest gap that is filled from the same weekday of the period
    filled_percent_max: int  # what the registers leave for filled slots, in percent of what filling expects, at most
    sum_tolerance_percent: int  # of the registers' energy, by which the sum of a curve may differ from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """So many days or business days after the day on which it was asked for or begun."""

    days: int
    in_business_days: bool

    def on(self, begun_on: date, calendar: Calendar) -> date | None:
        """Return the day; None where no calendar has it."""
        if not self.in_business_days:
            return begun_on + timedelta(days=self.days)
        try:
            return calendar.after(begun_on, self.days)
        except YearUnknown:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRules:
    """Of one kind of site orders: when it is due, whether it brings registers, and what it may result in."""

    due: Due
    registers: bool
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOrders:
    """The rules of site orders by kind, why one may not be done, and which alarms ask for one, by kinds of both."""

    kinds: Mapping[str, OrderRules]
    alarms: Mapping[str, str]
    not_done_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How long customers may think about another read day, and how many days are left then to decide and to plan by it."""

    answer_days: int
    ahead_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputes:
    """The rules of disputes. `permitted_percent`: of a meter's accuracy class, by which it may differ (允许误差).

    `unanswered`: whether a joint re-read whose day the customer has not confirmed takes place without the customer or not.
    """

    steps: Mapping[str, Due]
    hold_days: int
    answer_days: int
    unanswered: str
    verification_fee_fen: int
    permitted_percent: Mapping[str, Fraction]
    reasons: tuple[str, ...]
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRules:
    """For how many cycles in a row a reader should have a route, and to whom of it site orders go at first, by kinds of them."""

    cycles_in_a_row_max: int
    orders: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdherenceRules:
    """A read so many days from its read date is on time; one farther away than `reach_days` is none of that date."""

    tolerance_days: int
    reach_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Why meters are not read (未抄原因): codes with their causes; after how many months by one of `told_causes` it is told."""

    reasons: Mapping[str, str]
    told_after_months: int
    told_causes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointments:
    """How long customers may think about an appointment, and how far ahead one may be."""

    answer_days: int
    days_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReads:
    """How long customers may take to say what their meters show (自报), and from where on the usage since then doubts it."""

    answer_days: int
    doubted: Deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules for the read dates of one version."""

    future_seconds_max: int  # clocks of meters run ahead by this much
    midnight_tolerance_seconds: int  # a read so shortly before midnight counts for the next day
    read_tolerance_days: int  # a read so near to a planned date without one counts for it
    window_days: int  # the read window of a route ends so many days after its read date
    register_daily_kwh_max: int  # the most that a register can run in a day, before its multiplier
    estimate_method: str  # with the version of the rules: an estimate names it
    estimates_in_a_row_max: int
    basis_days: int  # an estimate rests on at least so many days
    high: Deviation
    low: Deviation
    curves: CurveRules
    approvals: SecondPerson
    site_orders: SiteOrders
    read_day_change: Asking
    read_day_visit: Asking
    disputes: Disputes
    readers: ReaderRules
    adherence: AdherenceRules
    appointments: Appointments
    own_reads: OwnReads
    unread: Unread
    conduct: ConductRules
    scorecards: ScorecardRules
    stock: StockRules
    idle: IdleRules
    rollouts: RolloutRules
    supply: SupplyRules
    daily_stale_days: int


Policies = Versions[Policy]


def load(document: Mapping[str, Any]) -> Policies:
    """Return the versions of a policy document; raises `DocumentError` with all its faults."""
    fields = (
        "reads rollover estimates validation curves approvals site_orders read_days disputes readers adherence conduct"
    )
    fields += " appointments own_reads unread scorecards stock idle rollouts supply daily"
    return Node.read(document, lambda root: dated.versions(root, _policy, fields=fields))


def _policy(node: Node) -> Policy:
    reads = node.get("reads").keys("future_seconds_max midnight_tolerance_seconds window_days read_tolerance_days")
    rollover = node.get("rollover").keys("register_daily_kwh_max")
    estimates = node.get("estimates").keys("method in_a_row_max basis_days")
    limits = node.get("validation").keys("high low")
    read_days = node.get("read_days").keys("change visit")
    appointments = node.get("appointments").keys("answer_days days_max")
    own_reads = node.get("own_reads").keys("answer_days doubted")
    method = estimates.get("method").choice(*METHODS)
    return Policy(
        future_seconds_max=reads.get("future_seconds_max").whole(0, FUTURE_SECONDS_MAX),
        midnight_tolerance_seconds=reads.get("midnight_tolerance_seconds").whole(0, MIDNIGHT_SECONDS_MAX),
        read_tolerance_days=reads.get("read_tolerance_days").whole(0, TOLERANCE_DAYS_MAX),
        window_days=reads.get("window_days").whole(1, WINDOW_DAYS_MAX),
        register_daily_kwh_max=rollover.get("register_daily_kwh_max").whole(1, REGISTER_DAILY_KWH_MAX),
        basis_days=estimates.get("basis_days").whole(1, BASIS_DAYS_MAX),
        estimate_method=f"{method}@{node.get('version').text()}",
        estimates_in_a_row_max=estimates.get("in_a_row_max").whole(0, IN_A_ROW_MAX),
        high=_deviation(limits.get("high")),
        low=_deviation(limits.get("low")),
        curves=_curves(node.get("curves")),
        approvals=second_person.read(node.maybe("approvals"), APPROVALS),
        site_orders=_site_orders(node.get("site_orders")),
        read_day_change=_asking(read_days.get("change")),
        read_day_visit=_asking(read_days.get("visit")),
        disputes=_disputes(node.get("disputes")),
        readers=_readers(node.get("readers")),
        adherence=_adherence(node.get("adherence")),
        conduct=conduct.read(node.get("conduct")),
        appointments=Appointments(
            answer_days=appointments.get("answer_days").whole(1, ANSWER_DAYS_MAX),
            days_max=appointments.get("days_max").whole(1, ANSWER_DAYS_MAX),
        ),
        own_reads=OwnReads(
            answer_days=own_reads.get("answer_days").whole(0, ANSWER_DAYS_MAX),
            doubted=_deviation(own_reads.get("doubted")),
        ),
        unread=_unread(node.get("unread")),
        scorecards=scorecards.read(node.get("scorecards"), reach_days=_adherence(node.get("adherence")).reach_days),
        stock=stock.read(node.get("stock")),
        idle=idle.read(node.get("idle")),
        rollouts=rollouts.read(node.get("rollouts")),
        supply=supply.read(node.maybe("supply")),
        daily_stale_days=_daily_stale_days(node.maybe("daily")),
    )


def _daily_stale_days(node: Node | None) -> int:
    """Return after how many days without a register a prepaid point is listed; a policy from before has the product's own."""
    return node.keys("stale_days").get("stale_days").whole(1, DAILY_STALE_DAYS_MAX) if node else DAILY_STALE_DAYS


def _unread(node: Node) -> Unread:
    reasons = node.keys("reasons told_after_months told_causes").get("reasons").keys(" ".join(CAUSES))
    return Unread(
        reasons={code: cause for cause in CAUSES for code in reasons.get(cause).texts()},
        told_after_months=node.get("told_after_months").whole(1, IN_A_ROW_MAX),
        told_causes=node.get("told_causes").texts(),
    )


def _asking(node: Node) -> Asking:
    node.keys("answer_days ahead_days")
    return Asking(
        answer_days=node.get("answer_days").whole(1, ANSWER_DAYS_MAX),
        ahead_days=node.get("ahead_days").whole(0, ANSWER_DAYS_MAX),
    )


def _deviation(node: Node) -> Deviation:
    node.keys("percent delta_kwh_min")
    return Deviation(
        percent=node.get("percent").whole(1, PERCENT_MAX),
        delta_wh_min=node.get("delta_kwh_min").whole(0, DELTA_KWH_MAX) * 1000,
    )


def _curves(node: Node) -> CurveRules:
    node.keys("gap_fill_minutes_max like_day_minutes_max filled_percent_max sum_tolerance_percent")
    return CurveRules(
        gap_fill_minutes_max=node.get("gap_fill_minutes_max").whole(0, GAP_MINUTES_MAX),
        like_day_minutes_max=node.get("like_day_minutes_max").whole(0, GAP_MINUTES_MAX),
        filled_percent_max=node.get("filled_percent_max").whole(100, PERCENT_MAX),
        sum_tolerance_percent=node.get("sum_tolerance_percent").whole(0, 100),
    )


def _site_orders(node: Node) -> SiteOrders:
    kinds = node.keys("kinds alarms not_done_reasons").get("kinds").keys(" ".join(ORDER_KINDS))
    return SiteOrders(
        kinds={kind: _order_rules(kinds.get(kind)) for kind in ORDER_KINDS},
        alarms={
            alarm: kind.choice(*ORDER_KINDS)
            for alarm, kind in node.get("alarms").keys(" ".join(get_args(AlarmKind))).fields()
        },
        not_done_reasons=node.get("not_done_reasons").texts(),
    )


def _order_rules(node: Node) -> OrderRules:
    node.keys("due registers results")
    return OrderRules(
        due=_due(node.get("due")),
        registers=node.get("registers").flag(),
        results=node.get("results").texts(),
    )


def _due(node: Node) -> Due:
    node.keys("days business_days")
    in_business_days = "days" not in node
    return Due(
        days=node.get("business_days" if in_business_days else "days").whole(0, DUE_DAYS_MAX),
        in_business_days=in_business_days,
    )


def _disputes(node: Node) -> Disputes:
    node.keys("steps hold_days answer_days unanswered verification_fee_fen permitted_percent reasons outcomes")
    steps = node.get("steps").keys(" ".join(STEPS))
    return Disputes(
        steps={step: _due(steps.get(step)) for step in STEPS},
        hold_days=node.get("hold_days").whole(0, HOLD_DAYS_MAX),
        answer_days=node.get("answer_days").whole(0, DUE_DAYS_MAX),
        unanswered=node.get("unanswered").choice(WITHOUT_CUSTOMER, NOT),
        verification_fee_fen=node.get("verification_fee_fen").whole(0, FEE_FEN_MAX),
        permitted_percent={name: _percent(each) for name, each in node.get("permitted_percent").fields()},
        reasons=node.get("reasons").texts(),
        outcomes=node.get("outcomes").texts(),
    )


def _percent(node: Node) -> Fraction:
    try:
        return parse(node.text()).fraction()
    except ValueError:
        node.refuse("value_wrong", "a percentage such as 2.0 was expected")
        return Fraction(0)


def _readers(node: Node) -> ReaderRules:
    node.keys("cycles_in_a_row_max orders")
    return ReaderRules(
        cycles_in_a_row_max=node.get("cycles_in_a_row_max").whole(1, CYCLES_MAX),
        orders={
            kind: role.choice(*get_args(Role)) for kind, role in node.get("orders").keys(" ".join(ORDER_KINDS)).fields()
        },
    )


def _adherence(node: Node) -> AdherenceRules:
    node.keys("tolerance_days reach_days")
    return AdherenceRules(
        tolerance_days=node.get("tolerance_days").whole(0, TOLERANCE_DAYS_MAX),
        reach_days=node.get("reach_days").whole(1, REACH_DAYS_MAX),
    )
