"""What the routes of tasks take and answer."""

from datetime import date
from typing import Annotated

from pydantic import Field

from services.reading.network.schemas import ITEMS_MAX, Code, No, Shown
from services.reading.tasks.domain.asked_ends import Kind
from shared.fields import Day
from shared.web.batch import In


class UnreadItem(In):
    """A point that could not be read for the date of its task."""

    service_point_no: No
    read_date: Day
    reason: Code | None = Field(
        description="A code of the utility's own, such as `no_access`; null takes back what was said.",
        examples=["no_access"],
    )


class UnreadReasons(In):
    items: Annotated[list[UnreadItem], Field(max_length=ITEMS_MAX)]


class AskedEndItem(In):
    """The period of a point is to end at the read of a day: of a control, of a move, the final one, or the customer's own."""

    service_point_no: No
    day: Day
    kind: Kind
    reason: Code | None = Field(None, description="A code of the utility's own.", examples=["moves_out"])


class AskedEnds(In):
    items: Annotated[list[AskedEndItem], Field(max_length=ITEMS_MAX)]


class WithdrawalIn(In):
    reason: Code = Field(description="A code of the utility's own.", examples=["asked_by_mistake"])


class AskedEndOut(Shown):
    service_point_no: str
    day: date
    org_unit: str
    kind: str
    reason: str | None
    withdrawn: str | None = Field(description="Why it was withdrawn.")


class TaskOut(Shown):
    service_point_no: str
    read_date: date
    route_no: str
    cycle: str
    org_unit: str
    kind: str
    status: str
    usage_id: str | None
    reread: bool
    unread_reason: str | None
