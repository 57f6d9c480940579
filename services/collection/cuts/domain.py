"""When supply may be cut (停电): dated rules of how long before the customer is told, at which hours, and when never. Pure.

    "cut": {
      "overdue_days_min": 30, "outstanding_fen_min": 1000,
      "notice_days": [{"customer_classes": ["residential"], "min": 7, "max": 14}, {"min": 3, "max": 7}],
      "imminent_minutes": 30, "hours": {"from": "09:00", "to": "15:00"},
      "on_rest_days": false, "before_rest_days": false,
      "protected_seasons": [{"from": "12-15", "to": "03-01", "customer_classes": ["residential"]}]
    }

Null or absent: nothing is ever cut. Source of the figures: 供电营业规则 (1996) art. 66 f., and the provinces' own rules.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared import dated
from shared.business_calendar import Calendar
from shared.dated import NotCovered, Versions
from shared.document import Node

FIELDS: Final = "cut"
DAYS_MAX: Final = 365
MINUTES_MAX: Final = 1440
FEN_MAX: Final = 10**9
LIFE_SUPPORT: Final = "life_support"
IMPORTANT: Final = "important"
KINDS: Final = (LIFE_SUPPORT, IMPORTANT)
"""A home in which somebody lives by a device is never cut; of an important customer the authority is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How many days before the cut the customer must have been told, at least and at most."""

    customer_classes: tuple[str, ...]
    min_days: int
    max_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Days of each year (`MM-DD`, the last one with them) on which some customers, or all, are not cut."""

    first: str
    last: str
    customer_classes: tuple[str, ...]

    def has(self, day: date, customer_class: str) -> bool:
        """Return whether a customer is protected on a day; a season may go over New Year."""
        text = f"{day:%m-%d}"
        inside = self.first <= text <= self.last if self.first <= self.last else not self.last < text < self.first
        return inside and (not self.customer_classes or customer_class in self.customer_classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All that must hold before supply is cut."""

    overdue_days_min: int
    outstanding_fen_min: int
    notices: tuple[Notice, ...]
    imminent_minutes: int
    from_: time
    to: time
    on_rest_days: bool
    before_rest_days: bool
    seasons: tuple[Season, ...]

    def notice(self, customer_class: str) -> Notice:
        """Return how long before a customer of a class is told."""
        return next(n for n in self.notices if not n.customer_classes or customer_class in n.customer_classes)


Rulebook = Versions[Rules | None]


def rules_on(rulebook: Rulebook, day: date) -> Rules | None:
    """Return the rules of a day; None where nothing is cut."""
    try:
        return rulebook.on(day)
    except NotCovered:
        return None


def why_not(rules: Rules, calendar: Calendar, day: date, customer_class: str) -> str:
    """Return the code of what speaks against a cut on a day, or nothing; raises `YearUnknown`."""
    if not rules.on_rest_days and not calendar.is_business_day(day):
        return "rest_day"
    if not rules.before_rest_days and not calendar.is_business_day(day + timedelta(days=1)):
        return "before_rest_day"
    if any(season.has(day, customer_class) for season in rules.seasons):
        return "protected_season"
    return ""


def when(rules: Rules, notice: Notice, told_on: date | None, day: date) -> str:
    """Return where a day lies for a customer who was told: `not_told`, `too_early`, `too_late`, or nothing."""
    if told_on is None:
        return "not_told"
    if day < told_on + timedelta(days=notice.min_days):
        return "too_early"
    return "too_late" if day > told_on + timedelta(days=notice.max_days) else ""


def hours(rules: Rules, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return from when to when supply may be cut on a day."""
    return datetime.combine(day, rules.from_, zone), datetime.combine(day, rules.to, zone)


def protects(kinds: Collection[str]) -> bool:
    """Return whether a service point with these marks is never cut."""
    return LIFE_SUPPORT in kinds


def read(document: Node, *, also: str) -> Rulebook:
    """Return the rules of a policy document; `also` names the fields of a version that others read."""
    return dated.versions(document, lambda version: _rules(version.maybe(FIELDS)), fields=f"{FIELDS} {also}")


def _rules(node: Node | None) -> Rules | None:
    if node is None:
        return None
    node.keys(
        "overdue_days_min outstanding_fen_min notice_days imminent_minutes hours on_rest_days before_rest_days"
        " protected_seasons"
    )
    notices = tuple(_notice(each) for each in node.get("notice_days").items())
    if not notices or notices[-1].customer_classes:
        node.get("notice_days").refuse("value_wrong", "a last one for all classes is needed")
    span = node.get("hours").keys("from to")
    first, last = _time(span.get("from")), _time(span.get("to"))
    if first >= last:
        span.refuse("value_wrong", "the hours end after they begin, on one day")
    return Rules(
        overdue_days_min=node.get("overdue_days_min").whole(0, DAYS_MAX),
        outstanding_fen_min=node.get("outstanding_fen_min").whole(1, FEN_MAX),
        notices=notices,
        imminent_minutes=node.get("imminent_minutes").whole(0, MINUTES_MAX),
        from_=first,
        to=last,
        on_rest_days=node.get("on_rest_days").flag(),
        before_rest_days=node.get("before_rest_days").flag(),
        seasons=tuple(_season(each) for each in node.get("protected_seasons").items()),
    )


def _notice(node: Node) -> Notice:
    classes = node.keys("customer_classes min max").maybe("customer_classes")
    least = node.get("min").whole(0, DAYS_MAX)
    return Notice(
        customer_classes=classes.texts() if classes else (),
        min_days=least,
        max_days=node.get("max").whole(least, DAYS_MAX),
    )


def _season(node: Node) -> Season:
    classes = node.keys("from to customer_classes").maybe("customer_classes")
    return Season(
        first=_day(node.get("from")), last=_day(node.get("to")), customer_classes=classes.texts() if classes else ()
    )


def _day(node: Node) -> str:
    try:
        date.fromisoformat(f"2000-{node.text()}")  # a leap year
    except ValueError:
        node.refuse("value_wrong", "a day of the year such as 12-15 was expected")
    return node.text()


def _time(node: Node) -> time:
    try:
        return time.fromisoformat(node.text())
    except ValueError:
        node.refuse("value_wrong", "a time such as 09:00 was expected")
        return time.min
