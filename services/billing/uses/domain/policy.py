"""The limits of the detectors and the load profiles of uses: dated data of a policy, never constants in code. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.billing.uses.domain.loads import HOURS
from shared import dated
from shared.arrays import Ints
from shared.dated import Versions
from shared.document import Node

HOME: Final = "home"
SHOP: Final = "shop"
WORKSHOP: Final = "workshop"
PROFILES: Final = (HOME, SHOP, WORKSHOP)
EVIDENCE: Final[Mapping[str, tuple[str, ...]]] = {
    "use_like_shop": (
        *(
            "like_profile",
            "like_profile_since",
            "open_hours",
            "days_off",
            "night",
            "evenness",
            "level_of_class",
            "level_of_past",
        ),
        "month_of_holidays",
    ),
    "use_like_workshop": (
        *("like_profile", "like_profile_since", "work_hours", "days_off", "level_of_class", "level_of_past"),
        "month_of_holidays",
    ),
    "use_like_rented_rooms": (
        *("like_home", "like_shop", "evening", "night_base", "evenness", "level_of_class", "level_of_past"),
    ),
    "use_idle": ("quiet_days", "evenness", "low_months", "level_of_class", "level_of_past"),
}
"""By detector, what it looks at: a policy gives each a ramp."""
SPAN: Final = (-1_000_000, 1_000_000)
DAYS_MAX: Final = 800
WH_MAX: Final = 10**9
PER_WEEK: Final = (5, 2)  # business days and others in a plain week: how kinds of days weigh in a shape


@dataclass(frozen=True, slots=True)
class Ramp:
    """What a figure gives: no points up to `from_`, all of `weight` from `to` on; falling where `to` is below `from_`."""

    from_: int
    to: int
    weight: int

    def points(self, value: int) -> int:
        """Return the points of a figure, rounded down."""
        way, run = (
            (value - self.from_, self.to - self.from_)
            if self.to > self.from_
            else (
                self.from_ - value,
                self.from_ - self.to,
            )
        )
        return self.weight * min(max(way, 0), run) // run


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """From which score on a detector finds something, with a curve and without, and the ramps of its evidence."""

    limit: int
    limit_without_curves: int
    ramps: Mapping[str, Ramp]


@dataclass(frozen=True, slots=True)
class Profile:
    """Mean Wh by hour of business days and of other days, in any unit: only their shares count."""

    wh: Ints

    def share(self, kind: int, hours: tuple[int, int]) -> int:
        """Return the permille of a day's use in hours."""
        day = self.wh[kind]
        return int(1000 * day[slice(*hours)].sum() // max(int(day.sum()), 1))


@dataclass(frozen=True, slots=True)
class Again:
    """What was judged is asked again once its score is so many points higher, or its level by so many permille of what it was."""

    score: int
    level_permille: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """All rules by which a change of use is looked for on a day.

    `typical_wh_a_day`: by home class what a home uses; other classes are not looked at. Months: a policy is looked by on the
    business date `on_day` of each.
    """

    on_day: int
    recent_days: int
    past_days: int
    whole_days_min: int
    confidence_min: int
    low_month_permille: int
    quiet_day_wh: int
    open_hours: tuple[int, int]
    work_hours: tuple[int, int]
    evening_hours: tuple[int, int]
    night_hours: tuple[int, int]
    typical_wh_a_day: Mapping[str, int]
    profiles: Mapping[str, Profile]
    detectors: Mapping[str, Detector]
    again: Again


AGAIN: Final = Again(150, 500)
"""Of a policy that says nothing of it. Not measured: a rise that no month of a home alone explains, for a utility to set."""
UsePolicies = Versions[Uses]


def load(document: Mapping[str, Any]) -> UsePolicies:
    """Return the versions of a policy of uses; raises DocumentError with all its faults."""
    return Node.read(
        document, lambda root: dated.versions(root, _uses, fields="look hours classes profiles detectors again")
    )


def _uses(node: Node) -> Uses:
    look = node.get("look").keys(
        "on_day recent_days past_days whole_days_min confidence_min_permille low_month_permille quiet_day_wh"
    )
    hours = node.get("hours").keys("open work evening night")
    profiles = node.get("profiles").keys(" ".join(PROFILES))
    detectors = node.get("detectors").keys(" ".join(EVIDENCE))
    return Uses(
        on_day=look.get("on_day").whole(1, 28),
        recent_days=look.get("recent_days").whole(28, 200),
        past_days=look.get("past_days").whole(56, DAYS_MAX),
        whole_days_min=look.get("whole_days_min").whole(7, 200),
        confidence_min=look.get("confidence_min_permille").whole(1, 1000),
        low_month_permille=look.get("low_month_permille").whole(0, 1000),
        quiet_day_wh=look.get("quiet_day_wh").whole(0, WH_MAX),
        open_hours=_hours(hours.get("open")),
        work_hours=_hours(hours.get("work")),
        evening_hours=_hours(hours.get("evening")),
        night_hours=_hours(hours.get("night")),
        typical_wh_a_day={
            name: each.keys("typical_wh_a_day").get("typical_wh_a_day").whole(1, WH_MAX)
            for name, each in node.get("classes").fields()
        },
        profiles={name: _profile(profiles.get(name)) for name in PROFILES},
        detectors={name: _detector(detectors.get(name), of) for name, of in EVIDENCE.items()},
        again=_again(node.maybe("again")),
    )


def _again(node: Node | None) -> Again:
    if node is None:
        return AGAIN
    node.keys("score_rise_permille level_rise_permille")
    return Again(node.get("score_rise_permille").whole(1, 1001), node.get("level_rise_permille").whole(1, SPAN[1]))


def _hours(node: Node) -> tuple[int, int]:
    found = [each.whole(0, HOURS) for each in node.items()]
    if len(found) != 2 or found[0] >= found[1]:
        node.refuse("value_wrong", "the first hour and the one after the last were expected")
        return 0, HOURS
    return found[0], found[1]


def _profile(node: Node) -> Profile:
    node.keys("title working off")
    rows = []
    for kind in ("working", "off"):
        each = node.get(kind)
        row = [hour.whole(0, WH_MAX) for hour in each.items()]
        if len(row) != HOURS or not sum(row):
            each.refuse("value_wrong", "24 hours, not all 0, were expected")
            row = [1] * HOURS
        rows.append(row)
    return Profile(np.array(rows, dtype=np.int64))


def _detector(node: Node, of: tuple[str, ...]) -> Detector:
    node.keys("limit_permille limit_without_curves_permille evidence")
    evidence = node.get("evidence").keys(" ".join(of))
    return Detector(
        limit=node.get("limit_permille").whole(1, 1001),
        limit_without_curves=node.get("limit_without_curves_permille").whole(1, 1001),
        ramps={name: _ramp(evidence.get(name)) for name in of},
    )


def _ramp(node: Node) -> Ramp:
    node.keys("from to weight")
    low, high = node.get("from").whole(*SPAN), node.get("to").whole(*SPAN)
    if low == high:
        node.refuse("value_wrong", "from and to must differ")
        high = low + 1
    return Ramp(low, high, node.get("weight").whole(0, 1000))
