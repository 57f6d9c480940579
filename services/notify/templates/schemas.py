"""Templates as they are said and taken over HTTP."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field

from shared.fields import Day
from shared.web.batch import In

LeafletKind = Literal["tip", "papers"]


class TemplateView(BaseModel):
    template: str
    version: int
    effective_from: date
    figures: list[str]
    roles: list[str] = Field(description="Who is told, by the policy that is in force today.")
    tones: list[str] = Field(description="The tones in which it speaks; what it says is the same in each.")
    legal_effect: bool = Field(description="Whether a right depends on its receipt.")
    budget: str = Field(description="What it takes of a party's week: legal, service or tip.")
    tell_by: str | None = Field(description="The figure with the last day on which it is of use.")
    joins: bool = Field(description="Whether it may be one message with others of its party.")


class Preview(In):
    language: Literal["zh", "en"] = "zh"
    tone: Literal["plain", "gentle", "firm"] = Field(
        default="plain", description="A template that has no such tone is shown in the plain one."
    )
    on: Day = Field(examples=["2026-02-02"], description="The version in force on this business day is shown.")
    figures: dict[str, Any] = Field(
        max_length=32,
        examples=[
            {
                "account_no": "3301000001",
                "outstanding_fen": 12345,
                "due_on": "2026-02-20",
                "business_date": "2026-03-01",
            }
        ],
        description="Every figure of the template: `…_fen` and `…_wh` are whole numbers, the others texts.",
    )


class PreviewText(BaseModel):
    template_version: int
    tone: str
    subject: str
    body: str
    short: str = Field(description="What an SMS says.")
    content_hash: str


class LeafletText(BaseModel):
    title: str
    text: str


class LeafletView(BaseModel):
    """A tip, or the papers that a request needs."""

    leaflet: str
    kind: LeafletKind
    request: str | None = Field(description="Of papers: the code of the request.")
    classes: list[str] = Field(description="For whom, as the tariff's id has it behind the region; `*`: for all.")
    travels_on: str | None = Field(
        description="Month and day: it goes with the bill whose period holds that day; null: with none."
    )
    from_kwh: int = Field(description="It goes with bills of at least so much.")
    to_kwh: int | None = Field(description="And of less than so much.")
    texts: dict[str, LeafletText] = Field(description="By language.")
