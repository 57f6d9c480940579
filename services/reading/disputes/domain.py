"""Disputes (用电疑问): a doubt about what was used, by the ladder before a laboratory test (校表前复查). Pure."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, Literal

from shared.statemachine import StateMachine

OPENED: Final = "opened"
HISTORY: Final = "history"
JOINT_REREAD: Final = "joint_reread"
VERIFICATION: Final = "verification"
ENDED: Final = "ended"
LIFE: Final = StateMachine(
    name="dispute",
    starts=(OPENED,),
    moves={
        "show_history": {OPENED: HISTORY},
        "read_together": {OPENED: JOINT_REREAD, HISTORY: JOINT_REREAD},
        "verify": {JOINT_REREAD: VERIFICATION},
        "end": {OPENED: ENDED, HISTORY: ENDED, JOINT_REREAD: ENDED, VERIFICATION: ENDED},
    },
)
"""No meter goes to the laboratory before it was read again together with its customer, or that was tried."""
Channel = Literal["counter", "call", "letter", "app", "web", "visit"]
RaisedBy = Literal["customer", "cashier", "employee"]
SUBJECT: Final = "dispute"
"""What the question about the day of a joint re-read is about."""
YES: Final = "yes"
ASKED, CONFIRMED, DECLINED, UNANSWERED = "asked", "confirmed", "declined", "unanswered"
"""What is known of the customer's presence at a joint re-read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was doubted, as it was told; it never changes. `words` stay here: they are in no fact and no log."""

    dispute_no: str
    service_point_no: str
    org_unit: str
    cycles: tuple[str, ...]
    channel: str
    raised_by: str
    reason: str
    words: str | None
    opened_by: str
    opened_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute as it stands. `due_on`: by when its step is to be done; `held_until`: the last day on which dunning is held.

    `question_id`: that of the customer about `visit_on`, the day of the joint re-read; `presence`: what became of it.
    """

    opened: Opened
    state: str
    version: int
    changed_on: date
    due_on: date | None
    held_until: date | None
    history_on: date | None = None
    reread_on: date | None = None
    reread_no: str | None = None
    visit_on: date | None = None
    question_id: str | None = None
    presence: str | None = None
    verification_on: date | None = None
    verification_no: str | None = None
    fee_fen: int = 0
    ended_on: date | None = None
    ended_at: str | None = None
    ended_by: str | None = None
    outcome: str | None = None
    explanation: str | None = None

    @property
    def dispute_no(self) -> str:
        """The number it is found by."""
        return self.opened.dispute_no

    @property
    def point(self) -> str:
        """The service point whose usage is in doubt."""
        return self.opened.service_point_no

    @property
    def is_asking(self) -> bool:
        """Whether the customer has a question that waits for an answer."""
        return self.presence == ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that is done on a business date: by when it is to be finished, and how long dunning is held for it."""

    on: date
    due_on: date | None
    hold_days: int

    @property
    def held_until(self) -> date:
        """The last day of the hold."""
        return self.on + timedelta(days=self.hold_days)


def begin(opened: Opened, step: Step) -> Dispute:
    """Return a new dispute."""
    return Dispute(
        opened=opened,
        state=LIFE.start(OPENED),
        version=1,
        changed_on=step.on,
        due_on=step.due_on,
        held_until=step.held_until,
    )


def show_history(dispute: Dispute, step: Step) -> Dispute:
    """Return the dispute whose customer was shown the history of the point."""
    return replace(_moved(dispute, "show_history", step), history_on=step.on)


def read_together(dispute: Dispute, step: Step, *, order_no: str, visit_on: date, question_id: str) -> Dispute:
    """Return the dispute for which the meter is to be read together with the customer, on a day that is proposed."""
    moved = replace(_moved(dispute, "read_together", step), reread_on=step.on, reread_no=order_no)
    return replace(moved, visit_on=visit_on, question_id=question_id, presence=ASKED)


def propose_again(dispute: Dispute, step: Step, *, visit_on: date, question_id: str) -> Dispute:
    """Return the dispute for whose joint re-read another day is proposed."""
    again = replace(dispute, version=dispute.version + 1, changed_on=step.on, held_until=step.held_until)
    return replace(again, visit_on=visit_on, question_id=question_id, presence=ASKED)


def answer(dispute: Dispute, presence: str) -> Dispute:
    """Return the dispute whose customer has answered about the day of the joint re-read, or was silent."""
    return replace(dispute, presence=presence)


def verify(dispute: Dispute, step: Step, *, order_no: str, fee_fen: int) -> Dispute:
    """Return the dispute whose meter is to be tested (校表)."""
    moved = _moved(dispute, "verify", step)
    return replace(moved, verification_on=step.on, verification_no=order_no, fee_fen=fee_fen)


def hold(dispute: Dispute, step: Step) -> Dispute:
    """Return the dispute whose hold of dunning was renewed."""
    return replace(dispute, version=dispute.version + 1, changed_on=step.on, held_until=step.held_until)


def end(dispute: Dispute, on: date, *, actor: str, outcome: str, explanation: str) -> Dispute:
    """Return the dispute that a person has ended."""
    return replace(
        dispute,
        state=LIFE.move(dispute.state, "end"),
        version=dispute.version + 1,
        changed_on=on,
        due_on=None,
        held_until=None,
        presence=None if dispute.is_asking else dispute.presence,
        ended_on=on,
        ended_at=dispute.state,
        ended_by=actor,
        outcome=outcome,
        explanation=explanation,
    )


def _moved(dispute: Dispute, event: str, step: Step) -> Dispute:
    return replace(
        dispute,
        state=LIFE.move(dispute.state, event),
        version=dispute.version + 1,
        changed_on=step.on,
        due_on=step.due_on,
        held_until=step.held_until,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """What the test of a meter showed; [from_, to) is the span since its last check or installation."""

    dispute_no: str
    version: int
    meter_no: str
    accuracy_class: str
    error_percent: str
    within_limits: bool
    from_: date
    to: date
    tested_on: date
    certificate: str | None
    entered_by: str
    decided_by: str
    decided_on: date


def is_within(error: Fraction, permitted: Fraction) -> bool:
    """Return whether an error is permitted to a meter of a class whose limit is `permitted`, both in percent."""
    return abs(error) <= permitted
