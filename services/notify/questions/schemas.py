"""Questions as they are said over HTTP, and the answers that employees record."""

from datetime import date, datetime
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.fields import Day, Instant, Words
from shared.web.batch import In

State = Literal["open", "answered", "expired", "withdrawn"]


class AskedFigureView(BaseModel):
    """A number that an answer brings: at most so many digits before its point, and after it."""

    name: str
    whole: int
    decimals: int


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
    asked_figures: list[AskedFigureView] = Field(description="What an answer says in figures beside.")
    given_figures: dict[str, str] | None = Field(description="Those of the answer, by name.")
    seen_at: datetime | None = Field(description="When the customer has seen them.")

    @field_validator("answers", "asked_figures", "given_figures", mode="before")
    @classmethod
    def _read(cls, value: str | None) -> object:
        return None if value is None else orjson.loads(value)


class AnswerIn(In):
    """What a customer has said, written down by an employee."""

    answer: str = Field(min_length=1, max_length=64, examples=["yes"], description="One of the question's `answers`.")
    way: Literal["call", "reply", "counter"] = Field(examples=["call"])
    answered_on: Day | None = Field(
        None, examples=["2026-02-09"], description="Business day of the answer; none: today."
    )
    explanation: Words = Field(max_length=500, examples=["Called back on the number of the contract."])
    figures: dict[
        Annotated[str, Field(min_length=1, max_length=64)], Annotated[str, Field(min_length=1, max_length=24)]
    ] = Field(default_factory=dict, max_length=32, description="The question's `asked_figures`, by name.")
    seen_at: Instant | None = Field(None, description="When the customer has seen the figures, where there are any.")

    @model_validator(mode="after")
    def _says_when(self) -> "AnswerIn":
        if bool(self.figures) != (self.seen_at is not None):
            raise ValueError("seen_at, where there are figures, and only there")
        return self
