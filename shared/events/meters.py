"""Facts of reading about meters as things (表计资产). Key: the service point."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.fact import Fact, Id, No
from shared.fields import Day


class MeterTakenBack(Fact):
    """A meter that was removed from a service point is back in stock (拆回入库): with it a closing ends.

    Of a movement the highest version counts. `withdrawn`: it never was, or the meter came from another point.
    """

    type: ClassVar[str] = "reading.meter_taken_back.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A meter that was removed from a point is back in stock, or that is withdrawn."

    movement_no: Id = Field(description="Of the movement by which it was taken back.")
    version: Annotated[int, Field(ge=1)]
    meter_no: No
    service_point_no: No = Field(description="The point from which it was removed last.")
    taken_back_on: Day
    withdrawn: bool = False


class FirstRemoteMeterFitted(Fact):
    """A service point has its first meter that is read remotely (智能电表): nobody comes to read it. Told once a point."""

    type: ClassVar[str] = "reading.first_remote_meter_fitted.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = "A point has its first meter that is read remotely."

    service_point_no: No
    org_unit: str
    meter_no: No
    fitted_on: Day
    told_on: Day = Field(description="Business date on which it was found.")


FACTS: tuple[type[Fact], ...] = (MeterTakenBack, FirstRemoteMeterFitted)
