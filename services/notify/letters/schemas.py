"""Letters as they are said over HTTP."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.notify.letters.domain import LETTERS_MAX, LetterOutcome, Reason, Told
from shared.events.fact import Id
from shared.fields import Day, Words
from shared.web.batch import In, No

BatchState = Literal["made", "posted", "cancelled"]
Outcome = Literal["", "delivered", "returned", "presumed"]


class WaitingLetterView(BaseModel):
    """A notice that waits to be printed, without what it says and where it goes."""

    model_config = ConfigDict(from_attributes=True)

    notice_id: Id
    account_no: str
    org_unit: str
    party_no: str
    template: str
    cause_id: str
    day: date = Field(description="Business day of the cause.")
    queued_at: datetime


class BatchIn(In):
    """A batch of letters. The same one again changes nothing."""

    batch_no: No
    org_unit: str = Field(min_length=1, max_length=160, description="Its letters, and those of all org units below it.")
    letters_max: int = Field(LETTERS_MAX, ge=1, le=LETTERS_MAX)


class BatchView(BaseModel):
    """A batch of letters (信函批次)."""

    model_config = ConfigDict(from_attributes=True)

    batch_no: str
    org_unit: str
    state: BatchState
    letters: int = Field(description="As many as were printed; a batch that is cancelled has none any more.")
    letters_max: int
    register_hash: str = Field(
        description="SHA-256 over the lines `letter,content_hash` of its register in order, each with its line end (`\\n`)."
    )
    made_by: str
    made_on: date
    made_at: datetime
    posted_on: date | None
    posted_by: str | None


class RegisterLine(BaseModel):
    """A line of the register (投递清单) of a batch."""

    letter: int = Field(description="Its number in the batch.")
    notice_id: Id
    account_no: str
    name: str
    address: str = Field(description="Where it is addressed to; empty where it is not as printed any more.")
    content_hash: str = Field(description="SHA-256 of the letter's text as `texts` has it (UTF-8).")
    as_printed: bool = Field(description="False: name, address or text changed since, or the person was erased.")
    checked_against: str = Field(description="By what a door was checked that the letter names in place of a person.")
    outcome: Outcome
    on: date | None
    register_no: str
    reason: str


class RegisterView(BaseModel):
    """The register of a batch as a whole."""

    batch: BatchView
    items: list[RegisterLine]


class LetterView(BaseModel):
    """A letter, without where it went and what it said."""

    model_config = ConfigDict(from_attributes=True)

    way: int
    batch_no: str
    content_hash: str
    outcome: Outcome
    told_on: date | None
    register_no: str
    reason: str


class TextLine(BaseModel):
    """A letter as it is to be printed."""

    letter: int = Field(description="Its number in the batch.")
    content_hash: str
    text: str


class TextsView(BaseModel):
    """The letters of a batch."""

    items: list[TextLine]


class PostingIn(In):
    posted_on: Day
    register_hash: str = Field(pattern="^[0-9a-f]{64}$", description="That of the register with which it was posted.")


class CancellationIn(In):
    reason: Words = Field(max_length=500)


class ToldIn(In):
    """What became of a letter. Delivered needs the number under which the post handed it over, returned the reason."""

    letter: int = Field(ge=1, le=LETTERS_MAX, description="Its number in the batch.")
    outcome: LetterOutcome
    on: Day
    register_no: str = Field("", max_length=64)
    reason: Reason | Literal[""] = ""

    def told(self) -> Told:
        return Told(
            place=self.letter, outcome=self.outcome, on=self.on, register_no=self.register_no, reason=self.reason
        )


class ToldBatch(In):
    items: list[ToldIn] = Field(min_length=1, max_length=LETTERS_MAX)
