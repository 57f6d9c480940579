"""Questions as they are said over HTTP, and the answers that employees record."""

from datetime import date, datetime
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.fields import Day, Words
from shared.web.batch import In

State = Literal["open", "answered", "expired", "withdrawn"]


class QuestionView(BaseModel):
    """A question (征询) to whoever is supplied at a service point, and how it stands."""

    model_config = ConfigDict(from_attributes=True)

    question_id: str
    template: str = Field(description="Its kind of notice.")
    subject_kind: str
    subject_id: str
    service_point_no: str
    account_no: str | None = Field(description="Null as long as nobody is known to be supplied there.")
    org_unit: str
    asked_on: date
    answer_by: date = Field(description="The last day on which an answer is taken.")
    answers: list[str]
    state: State
    code: str = Field(description="Why it was withdrawn, or not answered: `silent`, `undeliverable`, `nobody`.")
    reminders: int = Field(description="Reminders that have come due and are done with.")
    heard_at: datetime
    closed_at: datetime | None
    closed_on: date | None = Field(description="Business day of the answer, or on which it had expired.")
    answer: str | None
    way: Literal["link", "call", "reply", "counter"] | None
    recorded_by: str | None = Field(description="The employee who has written the answer down.")
    notice_id: str | None = Field(description="The notice by whose link it was answered.")

    @field_validator("answers", mode="before")
    @classmethod
    def _listed(cls, value: str) -> list[str]:
        found: list[str] = orjson.loads(value)
        return found


class AnswerIn(In):
    """What a customer has said, written down by an employee."""

    answer: str = Field(min_length=1, max_length=64, examples=["yes"], description="One of the question's `answers`.")
    way: Literal["call", "reply", "counter"] = Field(examples=["call"])
    answered_on: Day | None = Field(
        None, examples=["2026-02-09"], description="Business day of the answer; none: today."
    )
    explanation: Words = Field(max_length=500, examples=["Called back on the number of the contract."])
