"""Facts of reading about disputes (用电疑问): where one stands, and what the test of a meter showed. Key: the service point."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.events.fact import Code, Fact, No, Reference
from shared.fields import Day, Month

Percent = Annotated[str, Field(pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,4})?$")]


class DisputeChanged(Reference):
    """A doubt about usage was opened, went a step on, or ended; carries its whole state.

    The bills of `cycles` stay payable; nobody is reminded of them up to `held_until`, which is none once it has ended.
    """

    type: ClassVar[str] = "reading.dispute_changed.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A dispute about usage was opened, went a step on or ended; its whole state."

    dispute_no: No
    service_point_no: No
    org_unit: str
    cycles: tuple[Month, ...] = Field(min_length=1, max_length=24, description="The cycles that are in doubt.")
    state: Literal["opened", "history", "joint_reread", "verification", "ended"]
    opened_on: Day
    changed_on: Day = Field(description="Business date of this change.")
    held_until: Day | None = Field(default=None, description="The last day on which nobody is reminded of these bills.")
    due_on: Day | None = Field(default=None, description="By when the step is to be done.")
    visit_on: Day | None = Field(default=None, description="The day of the joint re-read that was proposed last.")
    fee_fen: Annotated[int, Field(ge=0)] = Field(default=0, description="Of a verification, before its result.")
    ended_at: Literal["opened", "history", "joint_reread", "verification"] | None = None
    outcome: Code | None = None


class MeterTested(Reference):
    """The meter of a dispute was tested; the result was entered by one person and decided by another.

    What ran through it in [from, to), its last check or its installation to the test, is in question where it is beyond the
    limits of its class. A result that was entered wrongly comes again as the next version.
    """

    type: ClassVar[str] = "reading.meter_tested.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A meter was tested: its error, and the span for which that counts."

    dispute_no: No
    service_point_no: No
    org_unit: str
    meter_no: No
    error_percent: Percent = Field(description="Above zero it ran fast.")
    accuracy_class: Code
    within_limits: bool
    from_: Day = Field(alias="from")
    to: Day
    tested_on: Day
    decided_on: Day
    entered_by: str
    decided_by: str

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


FACTS: tuple[type[Fact], ...] = (DisputeChanged, MeterTested)
