"""The bill run (发行批次) of one route and cycle: its life cycle, and when it may be released."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from services.billing.bills.domain.policy import AUTOMATIC, Policy, Release, UnreadShare
from services.billing.review.domain.findings import HOLD, Finding, worst
from services.billing.review.domain.rule import OFF
from services.billing.usages.domain import Totals
from shared.business_calendar import Calendar, YearUnknown
from shared.statemachine import StateMachine

OPEN: Final = "open"
CALCULATED: Final = "calculated"
IN_REVIEW: Final = "in_review"
RELEASING: Final = "releasing"
RELEASED: Final = "released"
LIFE: Final = StateMachine(
    name="bill run",
    starts=(OPEN,),
    moves={
        "totals_agree": {OPEN: CALCULATED},
        "review": {CALCULATED: IN_REVIEW},
        "release": {IN_REVIEW: RELEASING},
        "finish": {RELEASING: RELEASED},
        "hold_back": {RELEASING: IN_REVIEW},
    },
)
"""Forward only once it is released: what comes late joins it bill by bill. `hold_back`: points came to be unexplained before."""
ISSUING: Final = (RELEASING, RELEASED)
TOTALS_DIFFER: Final = "billing.run_totals_differ"
"""A run that stays open: billing has other totals than its route reported."""
UNEXPLAINED: Final = "billing.run_unexplained"
"""A run that waits until its route has explained all points without a read, or somebody releases it with an explanation."""
NO_CALENDAR: Final = "billing.calendar_year_unknown"
"""A run whose due day no calendar gives: a reviewer releases it on a day of their own, or the job once the calendar is there."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Where a closed run stands: status, what speaks against its release, its due day, and its issue date once it goes out."""

    status: str
    findings: tuple[Finding, ...]
    due_on: date | None
    issue_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What a route reported of a run: the last read date of its cycle, and the day on which its window was closed.

    `missed`: points that were neither read nor estimated; `unexplained`: points without a usable read or a reason by now;
    `explained_on`: where there are none any more, the business date on which the last of them was explained.
    """

    totals: Totals
    missed: int
    read_date: date
    closed_on: date
    unexplained: int = 0
    explained_on: date | None = None


def check(
    *,
    reported: Closed,
    own: Totals,
    last_sum_wh: int | None,
    org_unit: str,
    policy: Policy,
    calendar: Calendar,
    more: Sequence[Finding] = (),
) -> Checked:
    """Decide on a run whose route has closed.

    It stays open while billing's own count or sum differs from what the route reported (完整性核对). It then goes into review,
    and on to releasing by itself where the policy says so, its total is near enough to the last run's, and enough of its points
    were read: on the day on which it is due, the business day after its read day as shipped (抄表次日). `more`: what was found
    of it as a whole; what does not hold it is only shown.
    """
    release = policy.release_of(org_unit)
    due_on = due(release, reported, calendar)
    if own != reported.totals:
        return Checked(OPEN, (totals_differ(reported.totals, own),), due_on)
    changed = sum_changed(own.sum_wh, last_sum_wh, policy.run_sum_change_percent)
    unread = unread_share(own, reported.missed, policy.run_unread)
    unexplained = not_explained(reported, policy)
    unknown = None if due_on else Finding(NO_CALENDAR, HOLD, {"read_date": reported.read_date.isoformat()})
    found = tuple(f for f in (changed, unread, unexplained, unknown, *more) if f)
    status = LIFE.move(LIFE.move(OPEN, "totals_agree"), "review")
    if worst(found) == HOLD or release.mode != AUTOMATIC:
        return Checked(status, found, due_on)
    return Checked(LIFE.move(status, "release"), found, due_on, issue_day(due_on, reported))


def issue_day(due_on: date | None, reported: Closed) -> date | None:
    """Return the day on which a run goes out by itself: that on which it is due, or later the one on which all was explained."""
    return max(filter(None, (due_on, reported.explained_on)), default=None) if due_on else None


def not_explained(reported: Closed, policy: Policy) -> Finding | None:
    """Find a run with points that have neither a read nor a reason why there is none (有无遗漏)."""
    if not reported.unexplained or policy.run_unexplained == OFF:
        return None
    return Finding(UNEXPLAINED, HOLD, {"unexplained": reported.unexplained})


def explained_by(closing: int, told: Sequence[tuple[int, date]]) -> tuple[int, date | None]:
    """Return how many points of a read date are unexplained by now; where none are but some were, since when.

    `closing`: how many were at the closing; `told`: what the route told of them since with the days, by version. The last
    version counts, whatever those before said: a read is annulled, or a reason taken back, after all was explained.
    """
    counts = [closing, *(count for count, _ in told)]
    if counts[-1]:
        return counts[-1], None
    last = max((at for at, count in enumerate(counts) if count), default=None)
    return 0, None if last is None else told[last][1]


def came_to_be_unexplained(unexplained: int, accepted: int, policy: Policy) -> bool:
    """Return whether points of a run that was let go are unexplained beyond those with which somebody let it go."""
    return policy.run_unexplained != OFF and unexplained > accepted


def is_unexplained(text: str) -> bool:
    """Return whether a run, by the text of its findings, waits until its route has explained all points."""
    return f'"{UNEXPLAINED}"' in text


def explained(found: Sequence[Mapping[str, Any]], now: Finding | None) -> list[Mapping[str, Any]]:
    """Return stored findings of a run with what is unexplained by now, in the order in which they are found."""
    others = [each for each in found if each["code"] not in (UNEXPLAINED, NO_CALENDAR)]
    unknown = [each for each in found if each["code"] == NO_CALENDAR]
    return [*others, *([now.as_json()] if now else []), *unknown]


def due(release: Release, reported: Closed, calendar: Calendar) -> date | None:
    """Return the day on which a run is due; None where the calendar does not have it."""
    try:
        return release.due_on(read_date=reported.read_date, closed_on=reported.closed_on, calendar=calendar)
    except YearUnknown:
        return None


def totals_differ(reported: Totals, own: Totals) -> Finding:
    """Return by how much billing's totals differ from the route's."""
    return Finding(
        TOTALS_DIFFER,
        HOLD,
        {
            "reported_usages": reported.usages,
            "own_usages": own.usages,
            "reported_sum_wh": reported.sum_wh,
            "own_sum_wh": own.sum_wh,
        },
    )


def sum_changed(sum_wh: int, last_sum_wh: int | None, percent_max: int) -> Finding | None:
    """Find a run whose energy is too far from that of the route's last run."""
    if last_sum_wh is None or 100 * abs(sum_wh - last_sum_wh) <= percent_max * abs(last_sum_wh):
        return None
    return Finding("billing.run_sum_changed", HOLD, {"sum_wh": sum_wh, "last_sum_wh": last_sum_wh})


def unread_share(own: Totals, missed: int, limit: UnreadShare) -> Finding | None:
    """Find a run of which too many points were not read: estimated (估抄), or missed (漏抄) and left to the next read."""
    points = own.usages + missed
    if limit.allows(own.estimated + missed, points):
        return None
    return Finding("billing.run_unread", HOLD, {"estimated": own.estimated, "missed": missed, "points": points})


STEPS: Final = ("read", "uploaded", "closed", "calculated", "reviewed", "released")
"""The steps of the clock of a run (抄表次日), each after the one before."""
Holder = Literal["reading", "rater", "reviewer", "releaser"]
HOLDERS: Final[Mapping[str, Holder]] = {
    "read": "reading",
    "uploaded": "reading",
    "closed": "reading",
    "calculated": "rater",
    "reviewed": "reviewer",
    "released": "releaser",
}
"""Who is waited for at each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One step of a run: the business day by which it was to be done, none where no calendar has it, and on which it was.

    `business_days`: how many after the read day it was done. `is_late`: it was done after its day, or is not done by `today`.
    `held_by`: who held it where it is late; `person`: who that was, or is where it is not done, as far as billing knows it.
    """

    step: str
    due_on: date | None
    done_on: date | None
    business_days: int | None
    is_late: bool
    held_by: Holder | None = None
    person: str | None = None


def clock(
    done: Mapping[str, date | None], *, read_date: date, days: Mapping[str, int], today: date, calendar: Calendar
) -> list[Timed]:
    """Return the steps of a run with what each took; `days`: by policy, in business days after the read day."""
    timed = []
    for step in STEPS:
        on = done.get(step)
        try:
            due_on: date | None = calendar.after(read_date, days[step]) if days[step] else read_date
            taken = calendar.passed(read_date, on) if on else None
        except YearUnknown:
            due_on, taken = None, None
        late = due_on is not None and (on or today) > due_on
        timed.append(Timed(step=step, due_on=due_on, done_on=on, business_days=taken, is_late=late))
    return timed


WAITED_AT: Final = ("calculated", "reviewed", "released")
"""The steps at which a closed run may stand: those before are done with its closing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """The runs that stand at one step and are past due: how many, and by how many days the one that was due first."""

    runs: int = 0
    days: int = 0


def overdue(clocks: Iterable[Sequence[Timed]], today: date) -> dict[str, Overdue]:
    """Return by step, all of `WAITED_AT`, what stands there past its day on a business date.

    A run counts once, at the first step that it has not done, if that or a later one was due before: who is waited for there
    keeps all that comes after.
    """
    found = dict.fromkeys(WAITED_AT, Overdue())
    for steps in clocks:
        left = [each for each in steps if each.done_on is None]
        since = [each.due_on for each in left if each.is_late and each.due_on is not None]
        if since:
            before = found[left[0].step]
            found[left[0].step] = Overdue(runs=before.runs + 1, days=max(before.days, (today - min(since)).days))
    return found


def path(status: str, to: str) -> Sequence[str]:
    """List the statuses that a run passes from one to a later one."""
    order = LIFE.states
    return order[order.index(status) + 1 : order.index(to) + 1]
