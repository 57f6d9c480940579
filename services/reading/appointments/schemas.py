"""What the routes of appointments take and answer."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.reading.appointments.domain import By
from services.reading.appointments.use_cases.arranging import Cancellation, Wanted
from services.reading.network.schemas import Code, No, Shown
from shared.fields import Day, Time
from shared.web.batch import In

ITEMS_MAX = 200  # what a reader arranges in a day, with room
State = Literal["asked", "agreed", "declined", "unconfirmed", "cancelled", "kept", "missed"]


class AppointmentIn(In):
    """When somebody is to come for a read. One that the customer proposes is agreed; else the customer is asked."""

    appointment_no: No = Field(description="The proposer's own number: sent again it changes nothing.")
    service_point_no: No
    visit_on: Day
    from_time: Time = Field(description="Local time from which on somebody comes.")
    to_time: Time
    reader: No | None = Field(None, description="The subject of who is to come; nobody in particular without.")
    proposed_by: By
    way: Literal["call", "reply", "counter", "visit"] | None = Field(
        None, description="How the customer said it, of one that the customer proposes."
    )
    asked_on: Day = Field(description="Business date on which it is proposed.")

    @model_validator(mode="after")
    def _is_whole(self) -> "AppointmentIn":
        if self.from_time >= self.to_time:
            raise ValueError("from_time is before to_time")
        if (self.proposed_by == "customer") != (self.way is not None):
            raise ValueError("way, where the customer proposes it, and only there")
        return self

    def wanted(self) -> Wanted:
        """Return the appointment as the use case takes it."""
        return Wanted(**self.model_dump())


class AppointmentsIn(In):
    items: Annotated[list[AppointmentIn], Field(max_length=ITEMS_MAX)]


class CancellationIn(In):
    appointment_no: No
    reason: Code = Field(description="A code of the utility's own.", examples=["reader_ill"])

    def given(self) -> Cancellation:
        """Return the cancellation as the use case takes it."""
        return Cancellation(**self.model_dump())


class CancellationsIn(In):
    items: Annotated[list[CancellationIn], Field(max_length=ITEMS_MAX)]


class AppointmentOut(Shown):
    """An appointment as it stands; `appointment_id` is the number of the site order of its visit, once it is agreed."""

    appointment_no: str
    appointment_id: str
    service_point_no: str
    org_unit: str
    visit_on: date
    from_time: str
    to_time: str
    reader: str | None
    proposed_by: By
    asked_by: str
    asked_on: date
    answer_by: date | None
    state: State
    answered_on: date | None
    way: str | None
    recorded_by: str | None = Field(description="Who wrote down what the customer said, where an employee did.")
    closed_for: str | None = Field(description="Why it was called off, or why nobody answered.")
    visit_outcome: str | None = Field(description="The result of the visit, or why it was in vain.")
