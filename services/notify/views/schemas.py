"""All that this service keeps about a party, as it is handed to that party."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from services.notify.calls.schemas import CallView
from services.notify.letters.schemas import LetterView
from services.notify.notices.schemas import NoticeWithWays
from services.notify.parties.schemas import PartyOut
from shared.fields import Words
from shared.web.batch import In
from shared.web.pagination import Page


class ExportIn(In):
    reason: Words = Field(max_length=200, examples=["Asked for by the person."])


class AnswerView(BaseModel):
    """A question that a notice asks, and what was answered, by whoever of the account."""

    model_config = ConfigDict(from_attributes=True)

    question_id: str
    asked_on: date
    answer_by: date
    state: str
    answer: str | None
    way: str | None = Field(description="How it was answered.")
    closed_on: date | None


class ToldView(NoticeWithWays):
    """A notice to the party: what it says, each way that it took, each call and letter about it, and the answer to it."""

    figures: dict[str, str | int] = Field(description="What it was made of.")
    subject: str | None = Field(description="As it reads in the party's language by the templates of now.")
    body: str | None
    calls: list[CallView]
    letters: list[LetterView]
    question: AnswerView | None


class LookView(BaseModel):
    """Somebody has read who the party is, or has handed this out."""

    at: datetime
    actor: str
    reason: str


class ExportOut(BaseModel):
    """A copy of all that is kept about a party (个人信息副本). Its notices come in pages."""

    party: PartyOut
    looks: list[LookView] = Field(description="Who has looked at it, from the first on.")
    more_looks: bool = Field(description="There are more than are shown: `GET /v1/audit-entries` has them all.")
    notices: Page[ToldView]
