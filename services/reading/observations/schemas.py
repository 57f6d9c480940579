"""What the routes of observations take and answer."""

from datetime import datetime
from typing import Annotated, cast

from pydantic import Field

from services.reading.intake.schemas import by_itself
from services.reading.network.schemas import ITEMS_MAX, No, Shown
from services.reading.observations.domain import Kind, Observed, Severity
from services.reading.observations.use_cases import Seen
from shared.fields import Instant
from shared.outcome import Outcome
from shared.web.batch import In

OBSERVATIONS_MAX = 8
"""Of one visit to a point."""


class ObservedIn(In):
    """What was seen; codes and numbers, nothing about persons."""

    observation_no: No = Field(
        description="The device's own number, of one observer for ever: sent again it changes nothing."
    )
    kind: Kind
    severity: Severity
    evidence: No | None = Field(None, description="The number of a picture or paper where the utility keeps those.")

    def observed(self) -> Observed:
        """Return what was seen as the use cases take it."""
        return Observed(
            observation_no=self.observation_no, kind=self.kind, severity=self.severity, evidence=self.evidence
        )


class ObservationIn(ObservedIn):
    """What was seen at a service point; codes and numbers, nothing about persons."""

    service_point_no: No
    seen_at: Instant = Field(description="With offset, whole seconds.")
    order_no: No | None = Field(None, description="The site order of the visit, where it was one.")


class ObservationsIn(In):
    items: Annotated[
        list[Annotated[ObservationIn, by_itself(ObservationIn, lambda item: item)]], Field(max_length=ITEMS_MAX)
    ]

    def given(self, observer: str) -> list[Seen | Outcome]:
        """Return what the observer saw, and what became of what is malformed, in their order."""
        items = cast(list[ObservationIn | Outcome], self.items)
        return [each if isinstance(each, Outcome) else _seen(each, observer) for each in items]


def _seen(item: ObservationIn, observer: str) -> Seen:
    return Seen(
        observed=item.observed(),
        observed_by=observer,
        service_point_no=item.service_point_no,
        seen_at=item.seen_at,
        order_no=item.order_no,
    )


class ObservedOut(Shown):
    observation_no: str
    kind: str
    severity: str
    evidence: str | None


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
