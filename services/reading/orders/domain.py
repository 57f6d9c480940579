"""Site orders (现场工单): work at a service point that somebody asked for, until it is done or is known not to be. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from shared.statemachine import StateMachine

PERSON: Final = "person"
BILLING: Final = "billing"
NOTIFY: Final = "notify"
RULE: Final = "rule"
"""Where an order comes from."""
REREAD: Final = "reread"
REREADS: Final = (REREAD, "joint_reread")
"""What brings the registers of a read in doubt: such a read ranks above others of its day."""
CLOSING_CHECK: Final = "closing_check"
TELL_PERSON: Final = "tell_person"

OPEN: Final = "open"
REPORTED: Final = "reported"
DONE: Final = "done"
NOT_DONE: Final = "not_done"
WITHDRAWN: Final = "withdrawn"
LIFE: Final = StateMachine(
    name="site order",
    starts=(OPEN,),
    moves={
        "report": {OPEN: REPORTED},
        "turn_back": {REPORTED: OPEN},
        "finish": {OPEN: DONE, REPORTED: DONE},
        "answer": {OPEN: DONE},
        "give_up": {OPEN: NOT_DONE},
        "withdraw": {OPEN: WITHDRAWN},
    },
)
"""`report`: the visitor brings registers, and another person decides on them: they become a read (`finish`) or the order is to be
done again (`turn_back`). What brings none is finished by its visitor. `answer`: a read came in that a re-read waits for.
`withdraw`: it is not needed any more."""

READ_CAME: Final = "read_came"
"""The result of a re-read whose read came in by itself: with a file, a field batch, from the meter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for; it never changes. `order_no` is the asker's own number, of a fact the id of the request.

    `reason` is a code of the asker's, `reference` the document that it is about (a bill). `cycle`: which read is in doubt.
    """

    order_no: str
    kind: str
    service_point_no: str
    org_unit: str
    origin: str
    requested_by: str
    reason: str
    reference: str | None
    cycle: str | None
    asked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visitor reports: a result, or why it was not done (`outcome`), explained in words, and the registers of a meter."""

    visited_by: str
    visited_at: datetime
    is_done: bool
    outcome: str
    explanation: str | None
    meter_no: str | None
    registers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A site order as it stands. `outcome` beside `visit`: of a re-read that no visit answered.

    `decided_by`: who made a read of the registers, or entered them for the visitor. `turned_back`: the report that the order was
    done again for, with the reason. `overdue_on`: the business date on which it was found overdue.
    """

    asked: Asked
    due_on: date | None
    state: str
    version: int
    assignee: str | None = None
    visit: Visit | None = None
    outcome: str | None = None
    read_id: str | None = None
    decided_by: str | None = None
    turned_back: Visit | None = None
    turned_back_for: str | None = None
    overdue_on: date | None = None

    @property
    def order_no(self) -> str:
        """The number it is found by."""
        return self.asked.order_no

    @property
    def point(self) -> str:
        """The service point at which it is to be done."""
        return self.asked.service_point_no


def begin(asked: Asked, due_on: date | None) -> Order:
    """Return a new order."""
    return Order(asked=asked, due_on=due_on, state=LIFE.start(OPEN), version=1)


def report(order: Order, visit: Visit) -> Order:
    """Return the order whose visitor has brought registers, on which another person decides."""
    return replace(order, state=LIFE.move(order.state, "report"), visit=visit, outcome=visit.outcome)


def end(order: Order, visit: Visit, *, read_id: str | None = None, decided_by: str | None = None) -> Order:
    """Return the order that was done by a visit, or could not be."""
    state = LIFE.move(order.state, "finish" if visit.is_done else "give_up")
    return replace(
        order,
        state=state,
        visit=visit,
        outcome=visit.outcome,
        read_id=read_id,
        decided_by=decided_by or order.decided_by,
    )


def answer(order: Order, read_id: str) -> Order:
    """Return the re-read that a read has answered which came in by itself."""
    return replace(order, state=LIFE.move(order.state, "answer"), outcome=READ_CAME, read_id=read_id)


def withdraw(order: Order, reason: str) -> Order:
    """Return the order that is not needed any more."""
    return replace(order, state=LIFE.move(order.state, "withdraw"), outcome=reason)


def turn_back(order: Order, reason: str) -> Order:
    """Return the order that is to be done again, because what was reported of it does not do."""
    state = LIFE.move(order.state, "turn_back")
    return replace(order, state=state, visit=None, outcome=None, turned_back=order.visit, turned_back_for=reason)
