"""Bill runs and the release switch as they are asked for and shown."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.billing.review.schemas import FindingOut
from shared.fields import Day, Words
from shared.web.batch import In

REASON_MAX = 1000


class RunOut(BaseModel):
    route_no: str
    cycle: str
    org_unit: str
    status: str
    stopped: bool = Field(description="the switch stops all releases")
    version: int
    closed_on: date | None
    due_on: date | None = Field(
        description="day on which its review is due and its bills go out: the business day after its read day, as shipped"
    )
    issue_on: date | None
    usages: int | None
    sum_wh: int | None
    missed: int | None
    unexplained: int = Field(description="points without a usable read or a reason by now, as the route told them last")
    accepted: int = Field(description="with how many of them somebody let it go")
    findings: list[FindingOut]
    closed_at: datetime | None
    releasing_at: datetime | None
    released_at: datetime | None
    calculated_on: date | None = Field(description="latest business date when its totals came to agree")
    let_go_on: date | None = Field(description="latest business date when it left its review last")
    released_on: date | None = Field(description="latest business date when its bills were out")
    released_by: str | None = Field(
        description="who released it, the second where two did; null where it went by itself"
    )
    bills: dict[str, int] = Field({}, description="bills of the run by status")


class StepOut(BaseModel):
    step: Literal["read", "uploaded", "closed", "calculated", "reviewed", "released"]
    due_on: date | None = Field(description="null where no calendar has the year")
    done_on: date | None
    business_days: int | None = Field(
        description="after the read day; null where it is not done, or no calendar has it"
    )
    is_late: bool = Field(description="done after its day, or not done by the latest business date")
    held_by: Literal["reading", "rater", "reviewer", "releaser"] | None = Field(
        description="of a late step who held it, also once it is done"
    )
    person: str | None = Field(
        description="of a late review who decided last, or whose most of the held bills are; of a late release who released; "
        "null where that was nobody"
    )


class RunClockOut(BaseModel):
    """The clock of a run (抄表次日): its steps in business days after its read day, by `run.clock` of the policy."""

    route_no: str
    cycle: str
    org_unit: str
    status: str
    read_date: date
    steps: Annotated[list[StepOut], Field(max_length=6)]
    breached: Annotated[list[str], Field(max_length=6)] = Field(description="the steps that are late")
    held_by: Literal["reading", "rater", "reviewer", "releaser"] | None = Field(
        description="who is waited for; null where it is released"
    )


class ReleaseIn(In):
    explanation: str = Field("", max_length=REASON_MAX)
    business_date: Day | None = Field(
        None,
        description="issue date; by default the latest business date, at least the day on which it is due, which is waited for",
    )


class SwitchIn(In):
    stopped: bool
    reason: Words = Field(max_length=REASON_MAX)


class SwitchOut(SwitchIn):
    version: int
    reason: str = ""
