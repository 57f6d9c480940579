"""Customers' own reads (自报) that are asked for, where a point could not be read because of its customer. Pure."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from shared import natural
from shared.statemachine import StateMachine

SUBJECT: Final = "own_read"
ANSWERS: Final = ("reported",)
"""What may be answered: what the meter shows. Who does not want to says nothing."""

ASKED: Final = "asked"
WITHDRAWN: Final = "withdrawn"
LIFE: Final = StateMachine(
    name="own read asked for",
    starts=(ASKED,),
    moves={
        "report": {ASKED: "reported", WITHDRAWN: "reported"},
        "refuse": {ASKED: "refused", WITHDRAWN: "refused"},
        "expire": {ASKED: "unanswered"},
        "withdraw": {ASKED: WITHDRAWN},
    },
)
"""An answer that was given before its question was taken back counts all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRead:
    """What a customer is asked to read, for a read date on which nobody could; `reason`: why, as the reader noted it.

    `read_id`: the read that came of it. `code`: what is found of that, or why there is none.
    """

    request_no: str
    service_point_no: str
    org_unit: str
    read_date: date
    meter_no: str
    reason: str
    asked_by: str
    asked_on: date
    answer_by: date
    state: str
    answered_on: date | None = None
    way: str | None = None
    recorded_by: str | None = None
    read_id: str | None = None
    code: str | None = None

    @property
    def question_id(self) -> str:
        """The id of its question."""
        return natural.key_id(self.asked_on, SUBJECT, self.request_no)

    def after(self, event: str, code: str | None) -> "OwnRead":
        """Return it after an event; raises `MoveRefused`."""
        return replace(self, state=LIFE.move(self.state, event), code=code)
