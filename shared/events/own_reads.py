"""Facts of reading about customers' own reads (自报). Key: the service point."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.events.fact import Code, Fact, No, Question
from shared.fields import Day


class AskedRegister(BaseModel):
    """A register whose face the customer is asked to read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: Code
    digits: Annotated[int, Field(ge=1, le=15, description="Of the whole face.")]
    scale: Annotated[int, Field(ge=0, le=6, description="How many of them are decimals.")]


class OwnReadAsked(Question):
    """A service point could not be read because of its customer, who is asked to say what the meter shows.

    The answer `reported` comes with a figure for each of `registers`, as the face shows it.
    """

    type: ClassVar[str] = "reading.own_read_asked.v1"
    summary: ClassVar[str] = "The customer of a point that could not be read is asked what the meter shows."

    meter_no: No
    read_date: Day = Field(description="The day on which it was to be read.")
    registers: tuple[AskedRegister, ...] = Field(min_length=1, max_length=16)


FACTS: tuple[type[Fact], ...] = (OwnReadAsked,)
