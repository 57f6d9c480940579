"""Read days that are to be moved (抄表例日变更): asked for, confirmed by each customer, decided one by one. Pure."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from services.reading.network.domain.read_days import AS_ROUTE, Plan, Plans, ReadDay, in_force, of_point
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.domain.tasks import cycle_of
from shared import natural
from shared.statemachine import StateMachine

CHANGE: Final = "read_day_change"
VISIT: Final = "read_day_visit"
"""What a question is about: a read day for good, or a single visit on another day."""
YES: Final = "yes"
NO: Final = "no"
ANSWERS: Final = (YES, NO)

ASKED: Final = "asked"
CONFIRMED: Final = "confirmed"
EFFECTIVE: Final = "effective"
LIFE: Final = StateMachine(
    name="read day of a service point that is to be moved",
    starts=(ASKED,),
    moves={
        "confirm": {ASKED: CONFIRMED},
        "decline": {ASKED: "declined"},
        "expire": {ASKED: "unconfirmed"},
        "approve": {CONFIRMED: EFFECTIVE},
        "reject": {CONFIRMED: "rejected"},
        "withdraw": {ASKED: "withdrawn", CONFIRMED: "withdrawn"},
    },
)
"""`expire`: nobody answered by the day, or nobody could be told. Without the customer's confirmation nothing is decided."""
WAITING: Final = (ASKED, CONFIRMED)
CYCLE_PLANNED: Final = "read_day.cycle_planned"
TAKEN_BACK: Final = "read_day.taken_back"
"""Why one is withdrawn: its first cycle was planned before it was decided, or who asked for it took it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks for, by a number of his own: another read day from a cycle on, or for one cycle `visit_on`.

    `points`: those that it is asked for, none for all of the route, which is itself moved then. `reason` is a code. The
    customers answer by `answer_by`.
    """

    request_no: str
    route_no: str
    points: tuple[str, ...]
    read_day: int
    months: int
    first_month: int
    from_cycle: str
    visit_on: date | None
    from_time: str | None
    to_time: str | None
    reason: str
    explanation: str
    requested_by: str
    asked_on: date
    answer_by: date

    @property
    def kind(self) -> str:
        """What its questions are about."""
        return CHANGE if self.visit_on is None else VISIT

    @property
    def day(self) -> ReadDay:
        """The read day that is asked for."""
        return ReadDay(self.from_cycle, self.read_day, self.months, self.first_month)

    def question_id(self, service_point_no: str) -> str:
        """Return the id of the question to the customer of a point."""
        return natural.key_id(self.asked_on, "read_day", self.request_no, service_point_no)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is asked for one service point. `now_on`: when it would be read as things are; `first_on`: on its new day.

    `answer` is the customer's, `recorded_by` the employee who wrote it down; `closed_for` says why it ended as it did.
    """

    question_id: str
    request_no: str
    service_point_no: str
    route_no: str
    org_unit: str
    now_on: date
    first_on: date
    state: str = ASKED
    answer: str | None = None
    answered_on: date | None = None
    way: str | None = None
    recorded_by: str | None = None
    closed_for: str | None = None

    @property
    def before(self) -> date:
        """The day before which all has to be decided."""
        return min(self.now_on, self.first_on)

    def after(self, event: str, closed_for: str | None = None) -> "Proposal":
        """Return it after an event; raises `MoveRefused`."""
        return replace(self, state=LIFE.move(self.state, event), closed_for=closed_for)

    def with_answer(self, answer: str, answered_on: date, way: str, recorded_by: str | None) -> "Proposal":
        """Return it with the answer of its customer; one that has ended meanwhile keeps its state."""
        event = "confirm" if answer == YES else "decline"
        state = LIFE.move(self.state, event) if LIFE.may(self.state, event) else self.state
        return replace(self, state=state, answer=answer, answered_on=answered_on, way=way, recorded_by=recorded_by)


def first_after(plan: Plan, cycle: str) -> date:
    """Return the first read date of a plan that is of a cycle or of a later one."""
    return route_cycles.next_planned(plan, date.fromisoformat(f"{cycle}-02"))


def rows_of(request: Request, plans: Plans, service_point_no: str) -> tuple[ReadDay, ...]:
    """Return the rows that give a point what is asked for, from its cycle on: for a single visit that cycle and back again."""
    own = plans.own.get(service_point_no, ())
    if request.visit_on is None:
        return (request.day,)
    following = cycle_of(date.fromisoformat(f"{request.from_cycle}-01") + route_cycles.A_MONTH + timedelta(days=1))
    if any(each.from_cycle == following for each in own):
        return (request.day,)
    there = in_force(own, request.from_cycle) or ReadDay(following, AS_ROUTE, 1, 1)
    return request.day, replace(there, from_cycle=following)


def plan_with(request: Request, plans: Plans, service_point_no: str) -> Plan:
    """Return the plan of a point as it would be."""
    rows = rows_of(request, plans, service_point_no)
    cycles = {each.from_cycle for each in rows}
    kept = [each for each in plans.own.get(service_point_no, ()) if each.from_cycle not in cycles]
    return of_point(plans.route, tuple(sorted((*kept, *rows), key=lambda each: each.from_cycle)))


def rows_to_stay(plans: Plans, service_point_no: str, cycle: str) -> list[ReadDay]:
    """Return the rows with which a point is read from a cycle on as it would be now, when its route is moved then."""
    own = plans.own.get(service_point_no, ())
    there = in_force(own, cycle)
    since = [] if there is not None and there.read_day != AS_ROUTE else [cycle]
    since += [each.from_cycle for each in own if each.from_cycle > cycle and each.read_day == AS_ROUTE]
    return [replace(_in_force(plans.route, each), from_cycle=each) for each in since]


def rows_to_follow(plans: Plans, service_point_no: str, cycle: str) -> list[ReadDay]:
    """Return the row with which a point is read with its route from a cycle on, where it was on a day of its own before."""
    before = [each for each in plans.own.get(service_point_no, ()) if each.from_cycle < cycle]
    return [ReadDay(cycle, AS_ROUTE, 1, 1)] if before and before[-1].read_day != AS_ROUTE else []


def is_moved(plan: Plan, day: ReadDay) -> bool:
    """Return whether a plan has another read day in the cycle from which one is to hold."""
    there = _in_force(plan, day.from_cycle)
    return replace(there, from_cycle=day.from_cycle) != day


def is_moved_later(request: Request, plans: Plans, service_point_no: str) -> bool:
    """Return whether the route or the point has a read day already that begins after the one asked for."""
    if request.visit_on is not None:
        return False
    own = plans.own.get(service_point_no, ())
    return any(each.from_cycle > request.from_cycle for each in (*plans.route, *own))


def _in_force(plan: Plan, cycle: str) -> ReadDay:
    there = in_force(plan, cycle)
    assert there is not None, "the first row of a route is from its first cycle on"
    return there
