"""Call tasks as they are said over HTTP."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from services.notify.calls.domain import CallOutcome
from shared.events.fact import Id
from shared.fields import Day
from shared.web.batch import In


class CallTaskView(BaseModel):
    """Somebody who is to be told by call. The number is shown to who takes the task alone."""

    model_config = ConfigDict(from_attributes=True)

    notice_id: Id
    account_no: str
    org_unit: str
    party_no: str
    template: str
    cause_id: str
    day: date = Field(description="Business day of the cause.")
    tell_by: datetime = Field(description="Who is not told by then is told another way.")
    teller: str = Field(description="Who alone tells this person; empty: whoever takes it.")
    caller: str = Field(description="Who has it; empty: nobody.")
    tries: int = Field(description="Calls about it until now.")
    next_at: datetime | None = Field(description="Nobody calls before.")


class VisitScript(BaseModel):
    """What is to be said, and to whom."""

    name: str
    subject: str
    script: str = Field(description="What is to be said, in the person's language.")
    wishes: list[str] = Field(description="What the person wishes so that it is understood.")


class CallScript(VisitScript):
    """What the caller sees, and nobody else."""

    number: str


class OutcomeIn(In):
    outcome: CallOutcome
    promised_on: Day | None = Field(None, description="Until when the person promised to do what was asked.")


class CallView(BaseModel):
    """A call about a notice."""

    model_config = ConfigDict(from_attributes=True)

    way: int
    number: int
    caller: str
    outcome: CallOutcome
    promised_on: date | None
    at: datetime
