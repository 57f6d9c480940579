"""When and how often a party may be told, as dated data: quiet hours (静默时段), the contact budget of a week (联系额度)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from shared.document import Node

LEGAL: Final = "legal"
BUDGETS: Final = (LEGAL, "service", "tip")
"""What a notice takes of a party's week: a right depends on it, it belongs to the supply, or it is advice."""
TIP: Final = BUDGETS[-1]
BUDGET_MAX = 1000
GIVE_UP_WEEKS_MAX = 53
JOIN_TIMES_MAX = 24
_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a kind of notice is told: its `budget` class; `tell_by`: the figure with the day by which it must be, if it has one.

    `joins`: it may be one message with others. `at_once`: quiet hours do not hold it.
    """

    budget: str = "service"
    tell_by: str | None = None
    joins: bool = False
    at_once: bool = False

    @property
    def legal(self) -> bool:
        return self.budget == LEGAL


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a day in which a party may be disturbed: from `opens` on and before `closes`."""

    opens: time
    closes: time


ALL_DAY: Final = Hours(_MIDNIGHT, time.max)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The rules of one version. `budget`: how many notices a party gets in a week, counted over all causes, by class.

    A tip for which there is no room within `give_up_weeks` after its own is given up. Notices that may be one message wait for
    the next time of the day in `join_at` (合并发送); where there is none, those are one that are due together; None: none are.
    """

    weekdays: Hours = ALL_DAY
    rest_days: Hours = ALL_DAY
    rest_weekdays: Collection[int] = frozenset()
    rest_dates: Collection[date] = frozenset()
    budget: Mapping[str, int]
    give_up_weeks: int = GIVE_UP_WEEKS_MAX
    join_at: tuple[time, ...] | None = None

    def hours(self, day: date) -> Hours:
        """Return the hours of a day that are not quiet."""
        rests = day.isoweekday() in self.rest_weekdays or day in self.rest_dates
        return self.rest_days if rests else self.weekdays


UNPACED: Final = Pace(budget=dict.fromkeys(BUDGETS, BUDGET_MAX))
"""Of a policy that says nothing of it: no hour is quiet, and no week full."""


def read(node: Node | None) -> Pace:
    """Return the rules that a version of a policy has, or those of one that has none."""
    if node is None:
        return UNPACED
    node.keys("quiet_hours rest_days budget give_up_weeks join_at")
    quiet = node.get("quiet_hours").keys("weekdays rest_days")
    rest = node.get("rest_days").keys("weekdays dates")
    budget = node.get("budget").keys(" ".join(BUDGETS))
    return Pace(
        weekdays=_hours(quiet.get("weekdays")),
        rest_days=_hours(quiet.get("rest_days")),
        rest_weekdays=frozenset(each.whole(1, 7) for each in rest.get("weekdays").items()),
        rest_dates=frozenset(day for each in rest.get("dates").items() if (day := each.day()) is not None),
        budget={name: budget.get(name).whole(1, BUDGET_MAX) for name in BUDGETS},
        give_up_weeks=node.get("give_up_weeks").whole(0, GIVE_UP_WEEKS_MAX),
        join_at=_join_at(node.maybe("join_at")),
    )


def _join_at(node: Node | None) -> tuple[time, ...] | None:
    return None if node is None else tuple(sorted(_time(each) for each in node.items()[:JOIN_TIMES_MAX]))


def _hours(node: Node) -> Hours:
    """Return the hours that are left of a day which is quiet from one time on, over midnight, to another."""
    node.keys("from to")
    quiet_from, quiet_to = _time(node.get("from")), _time(node.get("to"))
    if node.sound and quiet_from <= quiet_to:
        node.refuse("value_wrong", "quiet hours begin in the evening and end in the morning: some hour must be left")
    return Hours(quiet_to, quiet_from)


def _time(node: Node) -> time:
    if not _TIME.fullmatch(node.text()):
        node.refuse("value_wrong", "a time such as 21:00 was expected")
        return _MIDNIGHT
    return time.fromisoformat(node.text())
