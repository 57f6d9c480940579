"""Facts of reading about read days (抄表例日) that are to be moved. Key: the service point."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.fact import Code, Fact, Id, No, Question
from shared.fields import Day, Month


class ReadDayChangeProposed(Question):
    """Another read day (抄表例日) is proposed for a service point; it holds only where the customer confirms it."""

    type: ClassVar[str] = "reading.read_day_change_proposed.v1"
    summary: ClassVar[str] = "Another read day is proposed for a service point; its customer is told and asked."

    read_day: Annotated[int, Field(ge=1, le=31)] = Field(
        description="Proposed; the last day of a month that has fewer."
    )
    months: Annotated[int, Field(ge=1, le=12)] = Field(description="It is read every so many months.")
    from_cycle: Month
    now_on: Day = Field(description="When its cycle `from_cycle` would be read as things are.")
    first_on: Day = Field(description="The first read date on the new day.")


class ReadDayChanged(Fact):
    """A service point is read on another day from a cycle on, which its customer has confirmed and two people decided."""

    type: ClassVar[str] = "reading.read_day_changed.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = (
        "A service point is read on another day from a cycle on; once, where `visit_on` says the day."
    )

    question_id: Id = Field(description="The question that the customer has confirmed.")
    service_point_no: No
    org_unit: str
    route_no: No
    read_day: Annotated[int, Field(ge=1, le=31)]
    months: Annotated[int, Field(ge=1, le=12)]
    from_cycle: Month
    first_on: Day
    visit_on: Day | None = Field(
        default=None, description="Of a single visit on another day its date; it is `first_on`."
    )
    decided_on: Day


class ReadDayKept(Fact):
    """A service point keeps its read day though its customer has agreed to another one: it was not decided so, or not in time."""

    type: ClassVar[str] = "reading.read_day_kept.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A service point keeps its read day though its customer has agreed to another one."

    question_id: Id = Field(description="The question that the customer has confirmed.")
    service_point_no: No
    org_unit: str
    reason: Code
    read_on: Day = Field(description="When its next cycle is read, then.")
    decided_on: Day


FACTS: tuple[type[Fact], ...] = (ReadDayChangeProposed, ReadDayChanged, ReadDayKept)
