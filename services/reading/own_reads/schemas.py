"""What the routes of own reads that are asked for take and answer."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.reading.network.schemas import No, Shown
from services.reading.own_reads.use_cases.asking import Wanted
from shared.fields import Day
from shared.web.batch import In

ITEMS_MAX = 200  # what a reader could not read on a day, with room
State = Literal["asked", "reported", "refused", "unanswered", "withdrawn"]


class OwnReadRequestIn(In):
    """A point that could not be read because of its customer, who is asked what the meter shows."""

    request_no: No = Field(description="The asker's own number: sent again it changes nothing.")
    service_point_no: No
    read_date: Day = Field(description="The date on which it was to be read; a reason of the customer is noted for it.")
    asked_on: Day = Field(description="Business date on which the customer is asked.")

    def wanted(self) -> Wanted:
        """Return the request as the use case takes it."""
        return Wanted(**self.model_dump())


class OwnReadRequestsIn(In):
    items: Annotated[list[OwnReadRequestIn], Field(max_length=ITEMS_MAX)]


class OwnReadRequestOut(Shown):
    """What a customer is asked for, and what became of it."""

    request_no: str
    question_id: str
    service_point_no: str
    org_unit: str
    read_date: date
    meter_no: str
    reason: str = Field(description="Why it was not read, as the reader noted it.")
    asked_by: str
    asked_on: date
    answer_by: date
    state: State
    answered_on: date | None
    way: str | None
    recorded_by: str | None = Field(description="Who wrote down what the customer said, where an employee did.")
    read_id: str | None = Field(description="The read that came of it.")
    code: str | None = Field(
        description="What is found of the read, or why there is none: why the answer was refused, the question taken back or"
        " not answered."
    )
