"""What the routes of disputes take and answer."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.reading.disputes.domain import Channel, Dispute, RaisedBy, Test
from services.reading.disputes.use_cases.history import History
from services.reading.disputes.use_cases.opening import Doubt
from services.reading.disputes.use_cases.reporting import Report
from services.reading.disputes.use_cases.stepping import Visit
from services.reading.disputes.use_cases.testing import Result
from services.reading.network.schemas import ITEMS_MAX, Code, MeterNo, No
from services.reading.reads.domain import identity
from services.reading.reads.store.reads import MeterRead
from services.reading.usage.domain.usages import Usage
from shared.fields import Day, Month, Time, Words
from shared.web.batch import In

WORDS_MAX = 1000
CYCLES_MAX = 24
State = Literal["opened", "history", "joint_reread", "verification", "ended"]


class DisputeIn(In):
    """A doubt about what was used at a service point."""

    dispute_no: No = Field(description="The asker's own number: sent again it changes nothing.")
    service_point_no: No
    cycles: Annotated[list[Month], Field(min_length=1, max_length=CYCLES_MAX)] = Field(
        description="The cycles whose usage is in doubt."
    )
    channel: Channel
    raised_by: RaisedBy
    reason: Code = Field(description="A reason that the policy has.", examples=["high_usage"])
    words: Words | None = Field(None, max_length=WORDS_MAX, description="What was said; it is in no fact and no log.")
    opened_on: Day = Field(description="Business date.")

    def doubt(self) -> Doubt:
        """Return the doubt as the use case takes it."""
        return Doubt(**self.model_dump() | {"cycles": tuple(sorted(set(self.cycles)))})


class DisputesIn(In):
    items: Annotated[list[DisputeIn], Field(max_length=ITEMS_MAX)]


class StepIn(In):
    on: Day = Field(description="Business date.")


class JointRereadIn(StepIn):
    order_no: No = Field(description="The number of its site order; the same with another day proposes that day.")
    visit_on: Day
    from_time: Time | None = None
    to_time: Time | None = None

    def visit(self) -> Visit:
        """Return the day as the use case takes it."""
        return Visit(on=self.visit_on, from_time=self.from_time, to_time=self.to_time)


class VerificationIn(StepIn):
    order_no: No = Field(description="The number of its site order.")


class ResultIn(StepIn):
    """What the test of the meter showed."""

    meter_no: MeterNo
    accuracy_class: Annotated[str, Field(min_length=1, max_length=16, examples=["2"])]
    error_percent: Annotated[
        str,
        Field(pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,4})?$", description="Above zero it ran fast.", examples=["3.0"]),
    ]
    from_: Day | None = Field(None, alias="from", description="Of its last check; none: of its installation.")
    tested_on: Day
    certificate: No | None = Field(None, description="The number of the laboratory's paper.")

    def result(self) -> Result:
        """Return the result as the use case takes it."""
        return Result(**self.model_dump(exclude={"on"}))


class EndIn(StepIn):
    outcome: Code = Field(description="An outcome that the policy has.", examples=["explained"])
    explanation: Words = Field(max_length=WORDS_MAX, description="In a person's words; in no fact and no log.")


class ResultOut(BaseModel):
    """What a test showed, as it was decided on last."""

    version: int
    meter_no: str
    accuracy_class: str
    error_percent: str
    within_limits: bool
    from_: date = Field(alias="from")
    to: date
    tested_on: date
    certificate: str | None
    entered_by: str
    decided_by: str

    @classmethod
    def of(cls, test: Test) -> "ResultOut":
        values = {name: getattr(test, name) for name in cls.model_fields}
        return cls(**values | {"from": values.pop("from_")})


class DisputeOut(BaseModel):
    """A dispute as it stands. `presence`: what the customer has answered about `visit_on`, the day of the joint re-read."""

    dispute_no: str
    service_point_no: str
    org_unit: str
    cycles: list[str]
    channel: str
    raised_by: str
    reason: str
    words: str | None
    opened_by: str
    opened_on: date
    state: str
    version: int
    changed_on: date
    due_on: date | None
    held_until: date | None
    history_on: date | None
    reread_on: date | None
    reread_no: str | None
    visit_on: date | None
    presence: Literal["asked", "confirmed", "declined", "unanswered"] | None
    verification_on: date | None
    verification_no: str | None
    fee_fen: int
    ended_on: date | None
    ended_at: str | None
    ended_by: str | None
    outcome: str | None
    explanation: str | None

    @classmethod
    def of(cls, row: Any) -> "DisputeOut":
        values = dict(row._mapping)
        return cls(**{name: values[name] for name in cls.model_fields} | {"cycles": row.cycles.split()})


class DisputeWithTestOut(DisputeOut):
    test: ResultOut | None

    @classmethod
    def whole(cls, dispute: Dispute, test: Test | None) -> "DisputeWithTestOut":
        opened = dispute.opened
        names = [name for name in DisputeOut.model_fields if name != "cycles"]
        values = {name: getattr(opened if hasattr(opened, name) else dispute, name) for name in names}
        return cls(**values, cycles=list(opened.cycles), test=ResultOut.of(test) if test else None)


class UnitReportOut(BaseModel):
    """Where the disputes of an org unit ended in a month.

    `verifications_saved`: those that ended before their meter had to be tested. `adjusted_*`: what billing has adjusted in the
    month for tested meters, below zero refunded.
    """

    org_unit: str
    opened: int
    ended: int
    ended_at: dict[str, int]
    outcomes: dict[str, int]
    verifications_saved: int
    adjusted_documents: int
    adjusted_wh: int
    adjusted_fen: int

    @classmethod
    def of(cls, report: Report) -> "UnitReportOut":
        return cls(
            org_unit=report.org_unit,
            opened=report.opened,
            ended=report.ended,
            ended_at=report.ended_at,
            outcomes=report.outcomes,
            verifications_saved=report.saved,
            adjusted_documents=report.documents,
            adjusted_wh=report.adjusted_wh,
            adjusted_fen=report.adjusted_fen,
        )


class DisputeReportOut(BaseModel):
    """The reports of a month, a row for each org unit that has something to report."""

    month: str
    items: list[UnitReportOut]


class UsedOut(BaseModel):
    """What was used in a period. `around`: the mean of the other points of the route and org unit in this cycle."""

    cycle: str
    period_from: date
    period_to: date
    days: int
    disputed: bool
    quality: str
    estimate_reason: str | None
    settles_estimate: bool
    energy_wh: Mapping[str, int]
    import_wh_per_day: int
    shown: list["ShownOut"]
    around_points: int
    around_mean_wh: int | None


class ShownOut(BaseModel):
    """What a register showed at both ends of a period."""

    meter_no: str
    quantity: str
    from_: str = Field(alias="from")
    to: str


class ReadOut(BaseModel):
    """A read as it came; `corrected`: what its correction has in its place, empty where it was annulled."""

    read_id: str
    meter_no: str
    read_at: datetime
    source: str
    registers: dict[str, str]
    corrected: dict[str, str] | None


class CurveOut(BaseModel):
    """The day curve in force, Wh by slot; null where one is missing."""

    meter_no: str
    day: date
    quantity: str
    interval_minutes: int
    values: list[int | None]


class HistoryOut(BaseModel):
    """Usages, reads and estimates of a disputed point side by side, over 24 months and the disputed cycles.

    The points around it are those of its route and org unit: which class an account is of, billing knows.
    """

    dispute_no: str
    service_point_no: str
    from_cycle: str
    to_cycle: str
    around: Literal["route"] = "route"
    usages: list[UsedOut]
    reads: list[ReadOut]
    curves: list[CurveOut]

    @classmethod
    def of(cls, dispute: Dispute, found: History) -> "HistoryOut":
        return cls(
            dispute_no=dispute.dispute_no,
            service_point_no=dispute.point,
            from_cycle=found.from_cycle,
            to_cycle=found.to_cycle,
            usages=[_used(each, dispute, found) for each in found.usages],
            reads=[_read(each, found) for each in found.reads],
            curves=[
                CurveOut(
                    meter_no=each.meter_no,
                    day=each.day,
                    quantity=each.quantity,
                    interval_minutes=each.interval_minutes,
                    values=list(each.usable().values),
                )
                for each in found.curves
            ],
        )


def _used(usage: Usage, dispute: Dispute, found: History) -> UsedOut:
    days = (usage.period_to - usage.period_from).days
    around = found.around.get(usage.cycle)
    return UsedOut(
        cycle=usage.cycle,
        period_from=usage.period_from,
        period_to=usage.period_to,
        days=days,
        disputed=usage.cycle in dispute.opened.cycles,
        quality=usage.quality,
        estimate_reason=usage.estimate_reason,
        settles_estimate=usage.settles_estimate,
        energy_wh=usage.energy_wh,
        import_wh_per_day=usage.import_wh // days,
        shown=[
            ShownOut(meter_no=span["meter_no"], quantity=quantity, **{"from": start, "to": end})
            for span in usage.registers
            for quantity, (start, end) in span["shown"].items()
        ],
        around_points=around.points if around else 0,
        around_mean_wh=around.mean_wh if around else None,
    )


def _read(read: MeterRead, found: History) -> ReadOut:
    read_id = identity.read_id(*read.key)
    edit = found.edits.get(read_id)
    return ReadOut(
        read_id=read_id,
        meter_no=read.key.meter_no,
        read_at=read.key.read_at,
        source=read.key.source,
        registers=_texts(read, [read.counts.get(each.quantity) for each in read.registers]),
        corrected=None if edit is None else {} if edit.annulled else _texts(read, edit.counts),
    )


def _texts(read: MeterRead, counts: Sequence[int | None]) -> dict[str, str]:
    shown = zip(read.registers, counts, strict=True)
    return {register.quantity: register.text(count) for register, count in shown if count is not None}
