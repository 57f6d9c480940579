"""What the routes of observations take and answer."""

from datetime import datetime
from typing import Annotated, cast

from pydantic import Field

from services.reading.intake.schemas import by_itself
from services.reading.network.schemas import ITEMS_MAX, No, Shown
from services.reading.observations.domain import Kind, Severity
from services.reading.observations.use_cases import Seen
from shared.fields import Instant
from shared.outcome import Outcome
from shared.web.batch import In


class ObservationIn(In):
    """What was seen at a service point; codes and numbers, nothing about persons."""

    observation_no: No = Field(
        description="The device's own number, of one observer for ever: sent again it changes nothing."
    )
    service_point_no: No
    seen_at: Instant = Field(description="With offset, whole seconds.")
    kind: Kind
    severity: Severity
    evidence: No | None = Field(None, description="The number of a picture or paper where the utility keeps those.")
    order_no: No | None = Field(None, description="The site order of the visit, where it was one.")

    def seen(self) -> Seen:
        """Return the observation as the use case takes it."""
        return Seen(**self.model_dump())


class ObservationsIn(In):
    items: Annotated[
        list[Annotated[ObservationIn, by_itself(ObservationIn, ObservationIn.seen)]], Field(max_length=ITEMS_MAX)
    ]

    def given(self) -> list[Seen | Outcome]:
        """Return the observations that are well formed, and what became of the others, in their order."""
        return cast(list[Seen | Outcome], self.items)


class ObservationOut(Shown):
    observation_id: str
    observed_by: str
    observation_no: str
    service_point_no: str
    org_unit: str
    seen_at: datetime
    kind: str
    severity: str
    evidence: str | None
    order_no: str | None
    recorded_at: datetime
