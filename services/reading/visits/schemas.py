"""What the routes of visits take."""

from typing import Annotated, Self, cast

from pydantic import Field, model_validator

from services.reading.intake.api.batches import Instant
from services.reading.intake.schemas import by_itself
from services.reading.network.schemas import ITEMS_MAX, Code, MeterNo, No, Unit, Values
from services.reading.observations.schemas import OBSERVATIONS_MAX, ObservedIn
from services.reading.visits.use_cases.deciding import Decision
from services.reading.visits.use_cases.reporting import Reported
from shared.fields import Words
from shared.outcome import Outcome
from shared.web.batch import In

EXPLANATION_MAX = 1000


class ReportIn(In):
    """What became of a site order: its result, or why it was not done."""

    order_no: No
    visited_at: Instant
    visited_by: No | None = Field(None, description="Whose visit it was, where somebody else enters it.")
    result: Code | None = Field(None, description="A result that the policy has of this kind.", examples=["in_order"])
    not_done: Code | None = Field(None, description="A reason that the policy has.", examples=["no_access"])
    explanation: Words | None = Field(
        None, max_length=EXPLANATION_MAX, description="In the visitor's words; in no fact and no log."
    )
    meter_no: MeterNo | None = Field(None, description="The meter that was looked at; needed with registers.")
    unit: Unit | None = Field(None, description="`kWh`, where registers are given.")
    registers: Values | None = None
    observations: list[ObservedIn] = Field(
        default_factory=list,
        max_length=OBSERVATIONS_MAX,
        description="What else was seen at the visit: kept and told at once, whatever becomes of its registers.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.result is None) == (self.not_done is None):
            raise ValueError("a result or a reason")
        return self

    def reported(self) -> Reported:
        """Return the report as the use case takes it."""
        said = self.model_dump(exclude={"observations"}) | {"registers": self.registers or {}}
        return Reported(**said, observations=[each.observed() for each in self.observations])


class ReportsIn(In):
    items: Annotated[list[Annotated[ReportIn, by_itself(ReportIn, ReportIn.reported)]], Field(max_length=ITEMS_MAX)]

    def given(self) -> list[Reported | Outcome]:
        """Return the reports that are well formed, and what became of the others, in their order."""
        return cast(list[Reported | Outcome], self.items)


class DecisionIn(In):
    order_no: No
    version: Annotated[int, Field(ge=1, le=2**31 - 1, description="The version of the order that was seen.")]
    turned_back: Code | None = Field(
        None, description="Why the report does not do; without it the registers are a read.", examples=["misread"]
    )

    def decision(self) -> Decision:
        """Return the decision as the use case takes it."""
        return Decision(**self.model_dump())


class DecisionsIn(In):
    items: Annotated[list[DecisionIn], Field(max_length=ITEMS_MAX)]
