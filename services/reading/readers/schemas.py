"""What the routes of readers take and answer."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator

from services.reading.network.schemas import ITEMS_MAX, Code, No, OrgUnit
from services.reading.policies.domain import Role
from services.reading.readers.domain.assignments import ASSIGNED, PERSON_DEPUTY, Kind
from services.reading.readers.use_cases.assigning import Wanted
from services.reading.readers.use_cases.rotating import Proposal
from services.reading.tasks.schemas import TaskOut
from shared.fields import Day
from shared.web.batch import In

Hash = Annotated[str, Field(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$")]


class AssignmentIn(In):
    """From a day on, up to `to` or without an end, a subject has a role: on a route, or instead of a person.

    Put again with `to` it ends; with `to` on its first day it never was.
    """

    kind: Kind = Field(ASSIGNED, description="Whose the route is; a deputy of the route; a deputy of a person.")
    route_no: No | None = None
    person: No | None = Field(None, description="Whose deputy it is, of kind `person_deputy`.")
    org_unit: OrgUnit | None = Field(None, description="Of a deputy of a person; those of a route have its own.")
    role: Role
    subject: No = Field(description="The opaque subject of who does it.", examples=["reader-7"])
    from_: Day = Field(alias="from", description="First day.")
    to: Day | None = Field(None, description="First day after them; null: without an end.")
    reason: Code | None = Field(None, description="Why, where days that are past are assigned otherwise.")

    @model_validator(mode="after")
    def _names_what_it_is_of(self) -> Self:
        of_person = self.kind == PERSON_DEPUTY
        if of_person != (self.person is not None and self.org_unit is not None) or of_person == bool(self.route_no):
            raise ValueError("a deputy of a person has `person` and `org_unit`, all else has `route_no` alone")
        if self.kind != ASSIGNED and self.to is None:
            raise ValueError("a deputy has an end")
        return self

    def wanted(self) -> Wanted:
        """Return the assignment as the use case takes it."""
        said = self.model_dump(exclude={"route_no", "person"})
        return Wanted(**said, of_no=self.route_no or self.person or "")


class AssignmentsIn(In):
    items: Annotated[list[AssignmentIn], Field(max_length=ITEMS_MAX)]


class AssignmentOut(BaseModel):
    assignment_id: str
    kind: str
    route_no: str | None
    person: str | None
    org_unit: str
    role: str
    subject: str
    from_: date = Field(serialization_alias="from")
    to: date | None
    version: int

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what is shown of a row."""
        of_person = row.kind == PERSON_DEPUTY
        return cls(
            assignment_id=row.assignment_id,
            kind=row.kind,
            route_no=None if of_person else row.of_no,
            person=row.of_no if of_person else None,
            org_unit=row.org_unit,
            role=row.role,
            subject=row.subject,
            from_=row.from_day,
            to=row.to_day,
            version=row.version,
        )


class RouteReadersOut(BaseModel):
    """Who has the roles on a route on a day, deputies before those whose it is."""

    route_no: str
    org_unit: str
    reader: str | None
    inspector: str | None


class ChangeOut(BaseModel):
    """`other_route_no` null: there is no other reader in the org unit to change with."""

    route_no: str
    reader: str
    cycles: int = Field(description="Of how many read dates in a row, up to the most of the policy.")
    other_route_no: str | None
    other_reader: str | None


class ProposalOut(BaseModel):
    org_unit: str
    from_: date = Field(serialization_alias="from")
    cycles_in_a_row_max: int
    content_hash: str
    changes: list[ChangeOut]

    @classmethod
    def of(cls, proposal: Proposal) -> Self:
        """Return what is shown of a proposal."""
        return cls(
            org_unit=proposal.org_unit,
            from_=proposal.from_,
            cycles_in_a_row_max=proposal.cycles_in_a_row_max,
            content_hash=proposal.content_hash,
            changes=[ChangeOut.model_validate(each, from_attributes=True) for each in proposal.changes],
        )


class AcceptedIn(In):
    org_unit: OrgUnit
    from_: Day = Field(alias="from", description="The day of the proposal; today or later.")
    content_hash: Hash = Field(description="Of the proposal that was seen.")


class ReaderTaskOut(TaskOut):
    """A task with who was to read it, as assigned by now, and who did: of the read that is nearest to its day."""

    planned_reader: str | None
    actual_reader: str | None
