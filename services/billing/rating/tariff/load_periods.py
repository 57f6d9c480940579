"""Loading the periods of time-of-use tariffs and compiling them into day schedules."""

import itertools
import re
from collections.abc import Mapping

from services.billing.rating.tariff.model import DaySchedule, Period, When
from services.billing.rating.tariff.node import Node

DAY_MINUTES = 1440
ORDINARY = "ordinary"
_HOURS = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_ALL_MONTHS = frozenset(range(1, 13))
_ALL_WEEKDAYS = frozenset(range(7))


def load_periods(root: Node) -> tuple[Period, ...]:
    """Load `periods`; those whose `when` is null have no hours (not confirmed)."""
    node = root.maybe("periods")
    if node is None:
        return ()
    kinds = day_kinds(root)
    periods: list[Period] = []
    for item in node.items():
        name = item.get("name").text()
        if any(p.name == name for p in periods):
            raise item.get("name").fail("name_twice")
        when = item.get("when")
        rest = when.value == "rest"
        rules = () if rest or when.value is None else tuple(_when(w, kinds) for w in when.items())
        register = item.maybe("register")
        over = item.maybe("over")
        periods.append(Period(name, register.text() if register else None, rules, rest, over.text() if over else None))
    names = [p.name for p in periods]
    for index, period in enumerate(periods):
        if period.over is not None and period.over not in names:
            raise node.items()[index].get("over").fail("name_unknown")
    if sum(p.rest for p in periods) > 1:
        raise node.fail("hours_overlap", "two periods claim the rest of the day")
    return tuple(periods)


def day_kinds(root: Node) -> tuple[str, ...]:
    """Return the kinds of day of the document: ordinary and those that its calendar marks."""
    days = root.maybe("days")
    if days is None:
        return (ORDINARY,)
    return (ORDINARY, *days.get("kinds").texts())


def _when(node: Node, kinds: tuple[str, ...]) -> When:
    months = node.maybe("months")
    weekdays = node.maybe("weekdays")
    days = node.maybe("days")
    if days is not None:
        for item in days.items():
            if item.text() not in kinds:
                raise item.fail("name_unknown", "a kind of day that `days.kinds` does not name")
    minutes: list[tuple[int, int]] = []
    for item in node.get("hours").items():
        minutes.extend(_minutes(item))
    return When(
        months_of(months) if months else _ALL_MONTHS,
        frozenset(w.whole(1, 7) - 1 for w in weekdays.items()) if weekdays else _ALL_WEEKDAYS,
        frozenset(days.texts()) if days else frozenset(kinds),
        tuple(minutes),
    )


def months_of(node: Node) -> frozenset[int]:
    """Load a list of months 1 … 12."""
    return frozenset(m.whole(1, 12) for m in node.items())


def _minutes(node: Node) -> list[tuple[int, int]]:
    match = _HOURS.fullmatch(node.text())
    if match is None:
        raise node.fail("value_wrong", 'hours such as "22:00-08:00" were expected')
    h1, m1, h2, m2 = (int(g) for g in match.groups())
    start, end = h1 * 60 + m1, h2 * 60 + m2
    if start > DAY_MINUTES or end > DAY_MINUTES or start == end:
        raise node.fail("value_wrong", "hours within a day were expected")
    if start < end:
        return [(start, end)]
    return [piece for piece in ((start, DAY_MINUTES), (0, end)) if piece[0] < piece[1]]


def compile_schedules(
    periods: tuple[Period, ...], kinds: tuple[str, ...], node: Node
) -> Mapping[str, tuple[tuple[DaySchedule, ...], ...]]:
    """Lay the periods over every kind of day; a gap or overlap of a minute is refused."""
    seen: dict[tuple[tuple[tuple[int, int], ...], ...], DaySchedule] = {}
    return {
        kind: tuple(tuple(_day(periods, kind, m, w, node, seen) for w in range(7)) for m in range(1, 13))
        for kind in kinds
    }


def _day(
    periods: tuple[Period, ...],
    kind: str,
    month: int,
    weekday: int,
    node: Node,
    seen: dict[tuple[tuple[tuple[int, int], ...], ...], DaySchedule],
) -> DaySchedule:
    claims = tuple(
        tuple(
            sorted(
                span
                for rule in p.when
                if month in rule.months and weekday in rule.weekdays and kind in rule.days
                for span in rule.minutes
            )
        )
        for p in periods
    )
    if claims in seen:
        return seen[claims]
    rest = next((i for i, p in enumerate(periods) if p.rest), None)
    edges = sorted({0, DAY_MINUTES, *(edge for spans in claims for span in spans for edge in span)})
    out: list[tuple[int, int, int]] = []
    for start, end in itertools.pairwise(edges):
        owner = _owner(periods, claims, start, rest, node, f"{kind} day, month {month}, weekday {weekday + 1}")
        if out and out[-1][2] == owner:
            out[-1] = (out[-1][0], end, owner)
        else:
            out.append((start, end, owner))
    seen[claims] = tuple(out)
    return seen[claims]


def _owner(
    periods: tuple[Period, ...],
    claims: tuple[tuple[tuple[int, int], ...], ...],
    minute: int,
    rest: int | None,
    node: Node,
    where: str,
) -> int:
    owners = [i for i, spans in enumerate(claims) for a, b in spans if a <= minute < b]
    above = {periods[i].over for i in owners}
    winners = [i for i in owners if periods[i].name not in above]
    at = f"{minute // 60:02d}:{minute % 60:02d}, {where}"
    if len(winners) > 1:
        raise node.fail("hours_overlap", at)
    if winners:
        return winners[0]
    if owners or rest is None:
        raise node.fail("hours_overlap" if owners else "hours_gap", at)
    return rest
