"""Appointments (待期补抄预约): somebody comes for a read at a time that suits the customer. Pure."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from shared import natural
from shared.statemachine import StateMachine

SUBJECT: Final = "appointment"
YES: Final = "yes"
ANSWERS: Final = (YES, "no")
By = Literal["reader", "customer"]
CUSTOMER: Final = "customer"

ASKED: Final = "asked"
AGREED: Final = "agreed"
CANCELLED: Final = "cancelled"
LIFE: Final = StateMachine(
    name="appointment",
    starts=(ASKED, AGREED),
    moves={
        "agree": {ASKED: AGREED},
        "decline": {ASKED: "declined"},
        "expire": {ASKED: "unconfirmed"},
        "cancel": {ASKED: CANCELLED, AGREED: CANCELLED},
    },
)
"""One that the customer proposes is agreed at once. Whether it is kept or missed its site order says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """When somebody comes to a service point; `reader`: who, nobody in particular where none. Times are local.

    `answer_by`: until when the customer may answer, of one that a reader proposes. `closed_for`: why it came to nothing.
    """

    appointment_no: str
    service_point_no: str
    org_unit: str
    visit_on: date
    from_time: str
    to_time: str
    reader: str | None
    proposed_by: str
    asked_by: str
    asked_on: date
    answer_by: date | None
    state: str
    answered_on: date | None = None
    way: str | None = None
    recorded_by: str | None = None
    closed_for: str | None = None

    @property
    def appointment_id(self) -> str:
        """The id of its question, and the number of its site order."""
        return natural.key_id(self.asked_on, SUBJECT, self.appointment_no)

    def after(self, event: str, closed_for: str | None = None) -> "Appointment":
        """Return it after an event; raises `MoveRefused`."""
        return replace(self, state=LIFE.move(self.state, event), closed_for=closed_for)

    def with_answer(self, answer: str, answered_on: date, way: str, recorded_by: str | None) -> "Appointment":
        """Return it with the answer of its customer; one that has ended meanwhile keeps its state."""
        event = "agree" if answer == YES else "decline"
        state = LIFE.move(self.state, event) if LIFE.may(self.state, event) else self.state
        return replace(self, state=state, answered_on=answered_on, way=way, recorded_by=recorded_by)
