"""When a notice goes out: not in quiet hours, and within what a party is told in a week (联系额度). Pure.

A week begins on Monday, in the zone of the party. Who gets a place in it where several wait is decided by what they are, never by
when they came: legal notices first, then the day of the cause, then its id.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.notify.policies.domain.pace import LEGAL, TIP, Hours, Pace

AT_ONCE: Final = ""
QUIET_HOURS: Final = "quiet_hours"
BUDGET: Final = "budget"
DEADLINE: Final = "deadline"
OVER_BUDGET: Final = "over_budget"
"""A legal notice beyond what the policy gives to legal ones: it went out all the same."""
JOINING: Final = "joining"
"""It waits for others, to be one message with them."""
_WEEK = timedelta(days=7)
Message = tuple[tuple[str, str] | None, datetime]
"""What several notices are one message by: where to, and when."""


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a notice goes to: the zone he lives in, the hours he prefers, whether his week has a budget (a firm's has none)."""

    zone: ZoneInfo
    hours: Hours | None
    budgeted: bool


@dataclass(frozen=True, slots=True)
class Place:
    """When a notice is due, why then (`paced`), and the Monday of the week that it counts in; None: given up."""

    due_at: datetime
    paced: str
    week: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notice that has not gone out: what decides its place. `own`: when it would be due without a budget.

    `message`: contact point and channel of what it may be one message with, if it is due with it.
    """

    notice_id: str
    cause_id: str
    day: date
    budget: str
    quiet: bool
    tell_by: date | None
    own: Place
    message: tuple[str, str] | None = None

    @property
    def rank(self) -> tuple[bool, date, str, str]:
        return self.budget != LEGAL, self.day, self.cause_id, self.notice_id


def week_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the Monday of the week of an instant."""
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def first_allowed(at: datetime, told: Told, pace: Pace) -> datetime:
    """Return the first instant from `at` on that is in none of the party's quiet hours."""
    day = at.astimezone(told.zone).date()
    while True:
        hours = told.hours or pace.hours(day)
        if at < _instant(day, hours.closes, told.zone):
            return max(at, _instant(day, hours.opens, told.zone))
        day += timedelta(days=1)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    if at == time.max:  # the end of a day that is open to its end
        day, at = day + timedelta(days=1), time()
    return datetime.combine(day, at, zone).astimezone(UTC)


def joined_at(at: datetime, told: Told, pace: Pace) -> datetime:
    """Return the first time from `at` on at which notices are joined; `at` itself where they wait for none."""
    day = at.astimezone(told.zone).date()
    times = (_instant(each, time, told.zone) for each in (day, day + timedelta(days=1)) for time in pace.join_at or ())
    return next((each for each in times if each >= at), at)


def own_place(
    at: datetime,
    *,
    quiet: bool,
    tell_by: date | None,
    told: Told,
    pace: Pace,
    joins: bool = False,
    at_once: bool = False,
) -> Place:
    """Return when a notice that is queued now goes out, were it the only one; `quiet`: its way keeps to quiet hours.

    One that quiet hours would make miss its day, or that goes `at_once`, does and says so (`deadline`); what `joins` waits for no
    others then.
    """
    wait = joined_at(at, told, pace) if joins else at
    wait = at if _misses(tell_by, at, wait, told) else wait
    due_at = first_allowed(wait, told, pace) if quiet else wait
    if (at_once and due_at > at) or _misses(tell_by, at, due_at, told):
        return Place(at, DEADLINE, week_of(at, told.zone))
    paced = AT_ONCE if due_at == at else JOINING if due_at == wait else QUIET_HOURS
    return Place(due_at, paced, week_of(due_at, told.zone))


def _misses(tell_by: date | None, at: datetime, due_at: datetime, told: Told) -> bool:
    return tell_by is not None and at.astimezone(told.zone).date() <= tell_by < due_at.astimezone(told.zone).date()


def places(
    waiting: Iterable[Waiting], taken: Mapping[date, int], *, now: datetime, told: Told, pace: Pace
) -> dict[str, Place]:
    """Return where each waiting notice of a party goes; `taken`: how many went out, or are on their way, by week.

    A legal notice waits for nobody. Another takes the first week that has room for its class, from its own on; one that would
    miss its day keeps its own, a tip for which there is none in time is given up.
    """
    counted = Counter(taken)
    this_week = week_of(now, told.zone)
    found: dict[str, Place] = {}
    messages: set[Message] = set()
    for each in sorted(waiting, key=lambda one: one.rank):
        place = _place(each, counted, messages, this_week, told, pace)
        found[each.notice_id] = place
        if place.week is None or (each.message, place.due_at) in messages:
            continue
        counted[place.week] += 1
        if each.message is not None:
            messages.add((each.message, place.due_at))
    return found


def _place(
    each: Waiting, counted: Counter[date], messages: Collection[Message], this_week: date, told: Told, pace: Pace
) -> Place:
    assert each.own.week is not None
    own = Place(each.own.due_at, each.own.paced, max(each.own.week, this_week))
    week, room = max(each.own.week, this_week), pace.budget[each.budget]
    if each.budget == LEGAL:
        return own if counted[week] < room else Place(own.due_at, own.paced or OVER_BUDGET, week)
    if (each.message, own.due_at) in messages:  # one contact with what it goes with
        return own
    due_at = own.due_at
    while counted[week] >= room and (each.message, due_at) not in messages:
        week += _WEEK
        due_at = _first_of(week, each, told, pace)
    if week == own.week:
        return own
    due_at = _first_of(week, each, told, pace)
    late = _misses(each.tell_by, own.due_at, due_at, told)
    if each.budget == TIP and (late or week - each.own.week > pace.give_up_weeks * _WEEK):
        return Place(own.due_at, BUDGET, None)
    return Place(own.due_at, DEADLINE, own.week) if late else Place(due_at, BUDGET, week)


def _first_of(week: date, each: Waiting, told: Told, pace: Pace) -> datetime:
    """Return when a notice goes out that waited for a week."""
    monday = _instant(week, time(), told.zone)
    at = joined_at(monday, told, pace) if each.message is not None else monday
    return first_allowed(at, told, pace) if each.quiet else at
