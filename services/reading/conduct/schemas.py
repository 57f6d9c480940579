"""What the routes of conduct take and answer."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.reading.conduct.domain.findings import Verdict
from services.reading.conduct.use_cases.deciding import Decision
from services.reading.network.schemas import ITEMS_MAX, Code
from shared.web.batch import In

State = Literal["open", "withdrawn", "confirmed", "explained"]


class DecisionIn(In):
    finding_id: Annotated[str, Field(min_length=1, max_length=256)]
    version: Annotated[int, Field(ge=1, le=1_000_000_000, description="The version that was seen.")]
    verdict: Verdict
    explanation: Code = Field(description="A code of the utility's own.", examples=["reader_admits"])

    def given(self) -> Decision:
        """Return the decision as the use case takes it."""
        return Decision(**self.model_dump())


class DecisionsIn(In):
    items: Annotated[list[DecisionIn], Field(max_length=ITEMS_MAX)]


class ConductFindingOut(BaseModel):
    """What a rule has found of a route on a read date; `numbers` is what it compared."""

    finding_id: str
    rule: str
    subject_kind: str
    subject: str
    reader: str | None
    route_no: str
    read_date: date
    cycle: str
    org_unit: str
    numbers: dict[str, int]
    state: str
    found_on: date
    decided_by: str | None
    explanation: str | None
    version: int
