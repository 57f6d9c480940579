"""Supply orders (停电、复电): a service point is to be cut or restored, by a head-end or by a person, at most once. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from services.reading.policies.domain.supply import SupplyRules
from shared.statemachine import StateMachine

CUT: Final = "cut"
RESTORE: Final = "restore"
HEAD_END: Final = "head_end"
PERSON: Final = "person"

WAITING: Final = "waiting"
SENT: Final = "sent"
UNKNOWN: Final = "unknown"
DONE: Final = "done"
FAILED: Final = "failed"
WITHDRAWN: Final = "withdrawn"
EXPIRED: Final = "expired"
STATES: Final = (WAITING, SENT, UNKNOWN, DONE, FAILED, WITHDRAWN, EXPIRED)
IN_FLIGHT: Final = (SENT, UNKNOWN)
UNFINISHED: Final = (WAITING, *IN_FLIGHT)
_ANY: Final = (*UNFINISHED, WITHDRAWN, EXPIRED, FAILED)
LIFE: Final = StateMachine(
    name="supply order",
    starts=(WAITING,),
    moves={
        "send": {WAITING: SENT},
        "doubt": {SENT: UNKNOWN, UNKNOWN: UNKNOWN},
        "accept": {SENT: SENT, UNKNOWN: SENT},
        "come_back": {SENT: WAITING, UNKNOWN: WAITING},
        "switch": dict.fromkeys(_ANY, DONE),
        "fail": dict.fromkeys(UNFINISHED, FAILED),
        "withdraw": dict.fromkeys(UNFINISHED, WITHDRAWN),
        "expire": dict.fromkeys(UNFINISHED, EXPIRED),
    },
)
"""`send`: the head-end is called, which the row says before the call. `doubt`: nobody knows what became of that. `accept`: the
head-end has it and will tell. `come_back`: it never came to the head-end, which is known. `switch` of what had ended otherwise:
it was carried out all the same."""

CLOCKS_APART: Final = timedelta(minutes=5)
"""How far a clock of who carries out may be from ours."""
EARLY_AT_MOST: Final = timedelta(days=1)
"""What is said to have been carried out earlier is a wrong date."""
SUPERSEDED: Final = "superseded"
UNKNOWN_POINT: Final = "unknown_point"
NO_METER: Final = "no_meter"
REFUSED: Final = "refused"
HEAD_END_FAILED: Final = "head_end_failed"
EARLY: Final = "early"
"""Codes of orders that were not carried out, or should not have been yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for; it never changes."""

    order_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    action: str
    not_before: datetime
    expires_at: datetime
    supersedes: str | None
    sequence: int
    reason: str
    asked_on: date

    @property
    def rank(self) -> tuple[int, str]:
        """Return by what the orders of a point are compared; the number decides between two of one sequence."""
        return self.sequence, self.order_no


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who said what became of an order, a head-end, or a person for `carried_out_by`; with what the meter showed."""

    by: str
    reported_by: str
    carried_out_by: str | None = None
    explanation: str | None = None
    meter_no: str | None = None
    registers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A supply order as it stands.

    `due_at`: when it is looked at next; None: nothing is to be done by itself. `claims`: how often it was taken for a call,
    `calling`: one is under way, until `due_at` at the latest. `doubts`: how many calls in a row had no answer. `unwanted`: why it
    would not be sent any more, of one that is in flight. `detail`: the code of the head-end or of the last call.
    """

    asked: Asked
    state: str
    due_at: datetime | None
    version: int = 1
    way: str | None = None
    claims: int = 0
    calling: bool = False
    doubts: int = 0
    unwanted: str | None = None
    sent_at: datetime | None = None
    unknown_since: datetime | None = None
    switched_at: datetime | None = None
    switched_on: date | None = None
    ended_at: datetime | None = None
    code: str = ""
    detail: str = ""
    said: Said | None = None

    @property
    def order_no(self) -> str:
        """The number it is found by."""
        return self.asked.order_no

    @property
    def point(self) -> str:
        """The service point whose supply it is about."""
        return self.asked.service_point_no

    @property
    def in_flight(self) -> bool:
        """Whether the head-end may have it."""
        return self.state in IN_FLIGHT


def begin(asked: Asked) -> Order:
    """Return a new order, looked at when its time has come."""
    return Order(asked=asked, state=LIFE.start(WAITING), due_at=min(asked.not_before, asked.expires_at))


def supersede(order: Order, now: datetime) -> Order:
    """Return an unfinished order that another one of its point takes the place of."""
    return _unwanted(order, SUPERSEDED, now)


def withdraw(order: Order, now: datetime) -> Order:
    """Return an unfinished order that is not needed any more."""
    return _unwanted(order, WITHDRAWN, now)


def _unwanted(order: Order, why: str, now: datetime) -> Order:
    if order.in_flight:  # what became of it is asked for at once, unless somebody is just doing so
        due_at = order.due_at if order.calling else now
        return replace(order, unwanted=order.unwanted or why, due_at=due_at)
    return _ended(order, why, now)


def expire(order: Order, now: datetime) -> Order:
    """Return an order whose time is over."""
    return _ended(order, EXPIRED, now)


def fail(order: Order, code: str, now: datetime, *, detail: str = "", said: Said | None = None) -> Order:
    """Return an order that is not carried out, for a code."""
    state = LIFE.move(order.state, "fail")
    return replace(
        order, state=state, code=code, detail=detail, calling=False, due_at=None, ended_at=now, said=said or order.said
    )


def _ended(order: Order, why: str, now: datetime) -> Order:
    if why not in (WITHDRAWN, EXPIRED):
        return fail(order, why, now, detail=order.detail)
    state = LIFE.move(order.state, "withdraw" if why == WITHDRAWN else "expire")
    return replace(order, state=state, code=why, calling=False, due_at=None, ended_at=now)


def send(order: Order, now: datetime, lease: timedelta) -> Order:
    """Return an order that the head-end is called for now; whoever finds it after the lease asks what became of that."""
    return replace(
        order,
        state=LIFE.move(order.state, "send"),
        claims=order.claims + 1,
        calling=True,
        doubts=0,
        sent_at=now,
        due_at=now + lease,
    )


def ask(order: Order, now: datetime, lease: timedelta) -> Order:
    """Return an order in flight that the head-end is asked for now."""
    assert order.in_flight
    return replace(order, claims=order.claims + 1, calling=True, due_at=now + lease)


def accept(order: Order, now: datetime, rules: SupplyRules) -> Order:
    """Return an order that the head-end has; it is asked for where nothing is heard of it."""
    due_at = now + timedelta(seconds=rules.ask_after_seconds)
    return replace(order, state=LIFE.move(order.state, "accept"), calling=False, due_at=due_at, doubts=0, detail="")


def doubt(order: Order, code: str, now: datetime, rules: SupplyRules) -> Order:
    """Return an order of which nobody knows what became of it; it is asked for again."""
    due_at = now + timedelta(seconds=rules.ask_again(order.doubts))
    return replace(
        order,
        state=LIFE.move(order.state, "doubt"),
        unknown_since=order.unknown_since or now,
        calling=False,
        doubts=order.doubts + 1,
        due_at=due_at,
        detail=code,
    )


def come_back(order: Order, now: datetime, rules: SupplyRules, *, code: str = "") -> Order:
    """Return an order that never came to the head-end: it is sent again while it is wanted, else it has ended.

    `code`: why it could not be sent; without one the head-end has said that it does not know it.
    """
    back = replace(order, state=LIFE.move(order.state, "come_back"), calling=False, unwanted=None, detail=code)
    if order.unwanted is not None:
        return _ended(back, order.unwanted, now)
    if now >= order.asked.expires_at:
        return expire(back, now)
    due_at = now + timedelta(seconds=rules.ask_again(order.claims)) if code else now
    return replace(back, due_at=min(due_at, order.asked.expires_at))


def hold(order: Order, before: Order, now: datetime, rules: SupplyRules) -> Order | None:
    """Return an order that waits for what is known of one before it at its point, None where it waits no longer.

    A cut waits until that is known. A restoring does not leave anybody in the dark for a head-end that says nothing; that carries
    out the highest sequence of a point alone.
    """
    assert before.sent_at is not None
    until = order.asked.expires_at
    if order.asked.action == RESTORE:
        until = min(until, before.sent_at + timedelta(seconds=rules.doubt_seconds))
        if until <= now:
            return None
    return replace(order, due_at=min(until, now + timedelta(seconds=rules.ask_again_seconds[0])))


def by_hand(order: Order) -> Order:
    """Return an order that a person carries out: nothing is done by itself but its end when its time is over."""
    return replace(order, way=PERSON, due_at=order.asked.expires_at)


def although(order: Order, switched_at: datetime) -> str | None:
    """Return why an order should not have been carried out (yet), None where nothing speaks against it."""
    if order.state in (WITHDRAWN, FAILED) or order.unwanted:
        why = order.unwanted or (WITHDRAWN if order.state == WITHDRAWN else order.code)
        return why if why in (WITHDRAWN, SUPERSEDED) else FAILED
    if switched_at >= order.asked.expires_at:
        return EXPIRED
    return EARLY if switched_at < order.asked.not_before - CLOCKS_APART else None


def switch(order: Order, switched_at: datetime, on: date, said: Said, now: datetime) -> Order:
    """Return an order that was carried out on a civil day, whatever was thought of it before."""
    return replace(
        order,
        state=LIFE.move(order.state, "switch"),
        code=although(order, switched_at) or "",
        detail="",
        switched_at=switched_at.astimezone(UTC),
        switched_on=on,
        calling=False,
        due_at=None,
        ended_at=now,
        said=said,
        unwanted=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a call of the head-end ended.

    `accepted`: it has the order and will tell. `never_had`: it says that it does not know the order. `not_sent`: nothing has gone
    out; `in_doubt`: something may have. `code`: the head-end's own, or what went wrong on the way.
    """

    result: Literal["done", "accepted", "refused", "failed", "never_had", "not_sent", "in_doubt"]
    code: str = ""
    switched_at: datetime | None = None
