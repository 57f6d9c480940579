"""Facts that the reading service (抄表) publishes. Key: the service point, for a route its number."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events import disputes, meters, own_reads, prepaid, read_days, supply
from shared.events.fact import Code, Fact, Id, No, Question, Reference
from shared.events.registers import MeterSpan, PackedCurve, Wh
from shared.fields import Day, Instant, Month


class ServicePointChanged(Reference):
    """A service point was put or changed; carries its whole state. It comes before all that is told of the point."""

    type: ClassVar[str] = "reading.service_point_changed.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A service point was put or changed; its whole state."

    service_point_no: No
    route_no: No
    org_unit: str
    connection_kw: int | None = Field(
        default=None, description="The most that its connection carries, where it is known."
    )


class UsageMeasured(Fact):
    """The energy of one service point over one period, read or estimated; the highest version on a day stands.

    Of the usages of a point that share a day, that with the highest version is in force, in whatever order they arrive. A period
    that is no more is told `withdrawn`, with no energy.
    """

    type: ClassVar[str] = "reading.usage_measured.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A service point's usage of a period is known, read or estimated."

    usage_id: Id
    service_point_no: No
    org_unit: str
    route_no: No
    cycle: Month
    read_date: Day = Field(description="Planned read date of the cycle; the day after it is the review day (T+1).")
    period_from: Day
    period_to: Day = Field(description="First day after the period: half-open.")
    version: Annotated[int, Field(ge=1)]
    quality: Literal["actual", "estimated", "edited"]
    energy_wh: dict[str, Wh] = Field(
        max_length=32,
        description="Wh by quantity: import, export, import.<period of a time-of-use register>; multiplier applied.",
    )
    estimate_reason: Code | None = None
    estimate_method: Code | None = Field(
        default=None, description="How, with the version of the rules: `previous_usage@1`."
    )
    estimates_in_a_row: Annotated[int, Field(ge=0)] = 0
    settles_estimate: bool = Field(
        default=False, description="The period before was billed on an estimate, which this actual usage settles."
    )
    replaces_reason: Code | None = Field(default=None, description="Why version n+1 exists.")
    withdrawn: bool = Field(
        default=False, description="The period is no more: other usages of the point cover its days, or nothing does."
    )
    months: Annotated[int, Field(ge=0, le=240)] = Field(
        default=1, description="Planned months that the period covers: those that were missed, and its own."
    )
    cycle_from: Day | None = Field(
        default=None,
        description="The planned read date before: [cycle_from, read_date) is the cycle that the period is, or is a part of.",
    )
    late: bool = Field(
        default=False, description="Told after its route was closed: not in the totals of `route_closed`."
    )
    told_on: Day | None = Field(
        default=None,
        description="Business date on which reading told it, where it is `late`, and was not told for another service's facts.",
    )
    demand_w: dict[str, Wh] = Field(
        default={}, max_length=16, description="Highest demand of the period in W by quantity, multiplier applied."
    )
    registers: tuple[MeterSpan, ...] = Field(
        default=(), max_length=64, description="What the registers showed at both ends, meter by meter."
    )
    curves: tuple[PackedCurve, ...] = Field(
        default=(), max_length=4, description="Where the contract states `curve_minutes`."
    )
    meter_nos: tuple[No, ...] = Field(max_length=16)
    read_ids: tuple[Id, ...] = Field(default=(), max_length=64, description="The reads that this was computed from.")
    actors: tuple[str, ...] = Field(
        default=(), max_length=16, description="Opaque subjects who read, uploaded, estimated or edited; never names."
    )
    findings: tuple[Code, ...] = Field(
        default=(), max_length=32, description="Codes of validation findings of its reads."
    )


class RouteClosed(Fact):
    """The read window of a route has ended; billing compares its own counts and sum with these."""

    type: ClassVar[str] = "reading.route_closed.v1"
    key_field: ClassVar[str] = "route_no"
    summary: ClassVar[str] = "A route's read window has ended, with its control totals."

    route_no: No
    org_unit: str
    cycle: Month
    read_date: Day
    closed_on: Day
    expected: Annotated[int, Field(ge=0)] = Field(description="Reading tasks of the route in this cycle.")
    actual: Annotated[int, Field(ge=0)]
    estimated: Annotated[int, Field(ge=0)]
    missed: Annotated[int, Field(ge=0)] = Field(description="Neither read nor estimated: no usage was published.")
    usages: Annotated[int, Field(ge=0)] = Field(description="Version-1 usages published for this route and cycle.")
    sum_wh: int = Field(description="Sum of `import` over those version-1 usages.")
    unexplained: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Points with neither a usable read nor a reason why there is none; `RouteExplained` goes on.",
    )
    read_on: Day | None = Field(default=None, description="Day of the latest read that its tasks are read by.")
    uploaded_on: Day | None = Field(
        default=None, description="Day on which the last of these reads came in, never after the closing."
    )


class RouteExplained(Fact):
    """How many points of a closed route have neither a usable read nor a reason by now: the whole state, newest version.

    Reasons and reads that come after the closing make them fewer; a read that is annulled, a reason that is taken back, or a
    point that is put on the route for that day makes them more.
    """

    type: ClassVar[str] = "reading.route_explained.v1"
    key_field: ClassVar[str] = "route_no"
    summary: ClassVar[str] = "How many points of a closed route nobody has explained, by now."

    route_no: No
    org_unit: str
    cycle: Month
    read_date: Day
    version: Annotated[int, Field(ge=1)] = Field(description="Of the route and read date: a higher one is newer.")
    unexplained: Annotated[int, Field(ge=0)]
    explained_on: Day = Field(description="Business date of the change: the latest that reading has heard of.")
    uploaded_on: Day | None = Field(
        default=None,
        description="Business date on which the last read came in, after the closing, of a point that had no reason.",
    )


class EstimateMade(Fact):
    """A usage was estimated because the meter could not be read; the customer is told."""

    type: ClassVar[str] = "reading.estimate_made.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A usage was estimated; the customer is to be told why, and that it will be settled."

    usage_id: Id
    service_point_no: No
    org_unit: str
    cycle: Month
    period_from: Day
    period_to: Day
    energy_wh: Wh
    reason: Code
    estimates_in_a_row: Annotated[int, Field(ge=1)]


class MeterAlarmRaised(Fact):
    """A meter of a service point, or a head-end about it, has raised an alarm: something began there, or is over."""

    type: ClassVar[str] = "reading.meter_alarm_raised.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A meter or head-end has raised an alarm about a service point."

    alarm_id: Id = Field(description="Follows from meter, instant, kind and source.")
    service_point_no: No
    org_unit: str
    meter_no: No
    kind: Code = Field(description="`cover_opened`, `magnetic_field`, `reverse_flow`, `clock`, `phase`; more may come.")
    state: Literal["occurred", "ended"]
    happened_at: Instant = Field(description="When it began, or ended.")
    source: Literal["meter", "head_end"]


class SiteOrderDone(Fact):
    """Work that was asked for at a service point is done; its result is a code of the policy of its kind."""

    type: ClassVar[str] = "reading.site_order_done.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A site order is done, with its result."

    order_no: Id = Field(description="Of billing's requests the `request_id`.")
    service_point_no: No
    org_unit: str
    kind: Code
    requested_by: str
    reference: No | None = Field(default=None, description="The document it was asked for, such as a bill.")
    cycle: Month | None = None
    done_on: Day
    result: Code = Field(description="`read_came`: a re-read that a read has answered which came in by itself.")
    visited_by: str | None = None
    visited_at: Instant | None = None
    decided_by: str | None = Field(default=None, description="Who made a read of the registers, or entered the visit.")
    meter_no: No | None = None
    read_id: Annotated[str, Field(max_length=96)] | None = Field(
        default=None, description="The read that it brought, or that answered it."
    )
    registers: dict[Code, str] = Field(
        default={}, max_length=32, description="What the visitor saw, kWh by quantity; the read decides what counts."
    )


class SiteOrderNotDone(Fact):
    """Work that was asked for at a service point could not be done; why is a code."""

    type: ClassVar[str] = "reading.site_order_not_done.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A site order could not be done, with the reason."

    order_no: Id
    service_point_no: No
    org_unit: str
    kind: Code
    requested_by: str
    reference: No | None = None
    cycle: Month | None = None
    not_done_on: Day
    reason: Code
    visited_by: str


class SiteOrderWithdrawn(Fact):
    """Work that was asked for at a service point is not needed any more; why is a code."""

    type: ClassVar[str] = "reading.site_order_withdrawn.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A site order is not needed any more, with the reason."

    order_no: Id
    service_point_no: No
    org_unit: str
    kind: Code
    requested_by: str
    reference: No | None = None
    cycle: Month | None = None
    withdrawn_on: Day
    reason: Code


class SiteOrderOverdue(Fact):
    """A site order was not finished by its day; told once."""

    type: ClassVar[str] = "reading.site_order_overdue.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A site order was not finished by the day on which it was due."

    order_no: Id
    service_point_no: No
    org_unit: str
    kind: Code
    reference: No | None = None
    due_on: Day
    found_on: Day = Field(description="Business date on which it was found.")


class ObservationRecorded(Fact):
    """Somebody who was at a service point has seen something there: codes and numbers, no words, nothing about persons."""

    type: ClassVar[str] = "reading.observation_recorded.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "Something was seen at a service point: tamper, damage, vacancy, other use, danger."

    observation_id: Id = Field(description="Follows from its day, the observer and their number.")
    service_point_no: No
    org_unit: str
    kind: Code = Field(description="`tamper`, `damage`, `vacancy`, `other_use`, `danger`; more may come.")
    severity: Literal["low", "medium", "high"]
    seen_at: Instant
    observed_by: str = Field(description="An opaque subject, never a name.")
    evidence: No | None = Field(default=None, description="The number of a picture or paper that the utility keeps.")
    order_no: Id | None = Field(default=None, description="The site order of the visit.")


class VisitProposed(Question):
    """Somebody is to come to a service point on a day of its own; the customer is told and asked whether that suits."""

    type: ClassVar[str] = "reading.visit_proposed.v1"
    summary: ClassVar[str] = "A visit on a day of its own is proposed; the customer is told and asked."

    purpose: Literal["one_off_read", "appointment", "joint_reread"] = Field(
        description="单次调整抄表时间, 待期补抄, 与客户共同复抄."
    )
    visit_on: Day
    from_time: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = Field(
        default=None, description="Local time from which on somebody comes, where it is agreed."
    )
    to_time: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None


class QuestionWithdrawn(Fact):
    """A question needs no answer any more."""

    type: ClassVar[str] = "reading.question_withdrawn.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A question to a customer needs no answer any more."

    question_id: Id
    service_point_no: No
    reason: Code


class PointUnreadable(Fact):
    """A service point could not be read for months in a row because of its customer, who is told that supply may end."""

    type: ClassVar[str] = "reading.point_unreadable.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = (
        "A service point was unreadable for months in a row because of its customer; told once in a row."
    )

    service_point_no: No
    org_unit: str
    cycle: Month
    read_date: Day
    since: Day = Field(description="The first read date in the row.")
    months: Annotated[int, Field(ge=1)]


class AppointmentChanged(Fact):
    """An appointment (待期补抄预约) is agreed, or is called off after that; its customer is told."""

    type: ClassVar[str] = "reading.appointment_changed.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "An appointment for a read is agreed, or called off after that."

    appointment_id: Id
    service_point_no: No
    org_unit: str
    state: Literal["agreed", "cancelled"]
    visit_on: Day
    from_time: str
    to_time: str
    changed_on: Day


FACTS: tuple[type[Fact], ...] = (
    ServicePointChanged,
    UsageMeasured,
    RouteClosed,
    RouteExplained,
    EstimateMade,
    MeterAlarmRaised,
    SiteOrderDone,
    SiteOrderNotDone,
    SiteOrderWithdrawn,
    SiteOrderOverdue,
    ObservationRecorded,
    VisitProposed,
    QuestionWithdrawn,
    *read_days.FACTS,
    *disputes.FACTS,
    *own_reads.FACTS,
    *meters.FACTS,
    *supply.TOLD,
    *prepaid.DAILY,
    AppointmentChanged,
    PointUnreadable,
)
