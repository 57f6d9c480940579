"""Codes as they are asked for, answered and listed over HTTP: never the code itself."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notify.codes import domain
from services.notify.parties.schemas import Personal, Place
from shared.web.batch import In


class OnePlace(Place):
    """An account or a service point: one of both."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "OnePlace":
        if bool(self.account_no) == bool(self.service_point_no):
            raise ValueError("name an account or a service point: one of both")
        return self


class AskIn(In):
    places: list[OnePlace] = Field(
        min_length=1, max_length=domain.PLACES_MAX, description="What the contact point is verified for by the answer."
    )


class AnswerIn(Personal):
    code: str = Field(pattern=rf"^[0-9]{{{domain.DIGITS}}}$", description="As the person tells it.")


class CodeView(BaseModel):
    """A code that was asked for; what it is stands nowhere."""

    model_config = ConfigDict(from_attributes=True)

    code_id: str
    party_no: str
    point_no: str
    channel: str
    state: Literal["queued", "sending", "sent", "failed", "used", "spent", "replaced"] = Field(
        description="spent: guessed too often; replaced: another one was asked for."
    )
    code: str = Field(description="Why it came to nothing, or was not sent yet.")
    wrong: int = Field(description="Wrong answers until now.")
    asked_by: str
    asked_on: date
    asked_at: datetime
    expires_at: datetime
