"""What is asked for and shown of those who collect."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from services.collection.targets.domain import WHOLE_BP, UnitKind
from shared.fields import Day, Month
from shared.web.batch import Code, In, No

ITEMS_MAX = 500  # one unit of work; the size of a page
ORG_UNIT_MAX = 128  # with kind and day it is a number of the audit
OrgUnit = Annotated[
    str,
    Field(
        min_length=1,
        max_length=ORG_UNIT_MAX,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        description="A path; what is said of `zj/hangzhou` holds below it too, unless something nearer is said there.",
        examples=["zj/hangzhou/xihu"],
    ),
]


class TeamIn(In):
    """Who collects what an org unit is owed, or a route of it, from a day on; null: nobody."""

    org_unit: OrgUnit
    route_no: No | None = Field(default=None, description="Only this route; null: the org unit, and all below it.")
    from_: Day = Field(alias="from")
    team: Code | None = Field(pattern=r"\S", description="The team's own code; nothing about persons.")


class TeamsIn(In):
    items: list[TeamIn] = Field(min_length=1, max_length=ITEMS_MAX)


class TeamOut(BaseModel):
    """Who collects what an org unit or a route is owed, from a day on until the next one."""

    unit_kind: UnitKind
    unit: str = Field(description="The org unit, or the number of the route.")
    valid_from: date
    org_unit: str
    team: str | None
    set_by: str
    set_on: date


class TargetIn(In):
    """How much of what is due of a month an org unit, a route or a team is to collect by its end."""

    month: Month
    org_unit: OrgUnit
    route_no: No | None = Field(default=None, description="A route of the org unit.")
    team: Code | None = Field(default=None, pattern=r"\S", description="A team of the org unit; not with a route.")
    rate_bp: int = Field(gt=0, le=WHOLE_BP, strict=True, description="In basis points: 9850 is 98.50 %.")

    @model_validator(mode="after")
    def _one(self) -> "TargetIn":
        if self.route_no is not None and self.team is not None:
            raise ValueError("a route or a team, not both")
        return self


class TargetsIn(In):
    items: list[TargetIn] = Field(min_length=1, max_length=ITEMS_MAX)


class TargetOut(BaseModel):
    """A target as it was set; the highest version of a month and unit holds."""

    month: Month
    unit_kind: UnitKind
    unit: str = Field(description="The org unit, the number of the route or the code of the team.")
    version: int
    org_unit: str
    rate_bp: int
    set_by: str
    set_on: date
