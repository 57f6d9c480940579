"""Loading ladders (阶梯)."""

import re
from functools import partial

from services.billing.rating.tariff.load_periods import months_of
from services.billing.rating.tariff.model import Condition, Free, Household, Ladder
from services.billing.rating.tariff.node import Faults, Node

NOBODY_SPECIAL = Condition(None, None, None, None)


def load_ladders(root: Node, periods: tuple[str, ...], faults: Faults) -> dict[str, Ladder]:
    """Load `ladders` by name."""
    node = root.maybe("ladders")
    if node is None:
        return {}
    found = {name: faults.of(partial(_ladder, name, item, periods), None) for name, item in node.fields()}
    return {name: ladder for name, ladder in found.items() if ladder is not None}


def load_condition(node: Node | None) -> Condition:
    """Load whom something is `for`: {class, option, people_from, people_below}; None = everybody.

    The option "" is that of an account that has chosen none.
    """
    if node is None:
        return NOBODY_SPECIAL
    classes, options = node.maybe("class"), node.maybe("option")
    low, high = node.maybe("people_from"), node.maybe("people_below")
    return Condition(
        frozenset(classes.texts()) if classes else None,
        frozenset(i.text() if i.value else "" for i in options.items()) if options else None,
        low.whole(1, 1000) if low else None,
        high.whole(1, 1000) if high else None,
    )


def _ladder(name: str, node: Node, periods: tuple[str, ...]) -> Ladder:
    span = node.get("span").choice("year", "month", "cycle", "day")
    year = span == "year"
    proration = (
        node.get("proration", "choice_open").choice("per_month", "days/30", "days/365") if span == "month" else ""
    )
    limits, by_period = _limits(node, span, proration, periods)
    household = node.maybe("household")
    outside = node.maybe("outside_months")
    if year and "whole_quantity" in node:
        raise node.get("whole_quantity").fail("value_wrong", "kWh already billed keep their tier: not by year")
    flag, whole, free = node.maybe("times_households"), node.maybe("whole_quantity"), node.maybe("free")
    return Ladder(
        name=name,
        counts=node.get("counts").text(),
        span=span,
        year_starts=_year_starts(node) if year else 1,
        belongs_to=node.get("cycle_belongs_to", "choice_open").choice("read_day", "bill_month", "split_at_year_end")
        if year
        else "",
        proration=proration,
        limits=limits,
        limits_by_period=by_period,
        part_year=_part_year(node) if year else "",
        household=_household(household, span) if household else None,
        times_households=flag.flag() if flag else False,
        outside_months=months_of(outside) if outside else frozenset(),
        whole_quantity=whole.flag() if whole else False,
        free=_free(free) if free else None,
    )


def _year_starts(node: Node) -> int:
    start = node.get("year_starts")
    text = start.text()
    if not re.fullmatch("(0[1-9]|1[0-2])-01", text):
        raise start.fail("value_wrong", 'the first day of a month such as "01-01" was expected')
    return int(text[:2])


def _part_year(node: Node) -> str:
    part = node.get("part_year", "choice_open")
    if part.value == "whole_year":
        return "whole_year"
    part.get("by", "choice_open").choice("month")
    return part.get("part_month", "choice_open").choice("counts_as_one")


def _rising(node: Node) -> tuple[int, ...]:
    out: list[int] = []
    for item in node.items():
        limit = item.thousandths()
        if limit <= (out[-1] if out else 0):
            raise item.fail("limits_order")
        out.append(limit)
    if not out:
        raise node.fail("value_wrong", "at least one limit was expected")
    return tuple(out)


def _limits(
    node: Node, span: str, proration: str, periods: tuple[str, ...]
) -> tuple[tuple[tuple[int, ...], ...], dict[str, tuple[int, ...]]]:
    limits = node.get("limits_kwh")
    if isinstance(limits.value, list):
        return (_rising(limits),) * 12, {}
    if "by_period" in limits:
        inner = limits.get("by_period").keys(" ".join(periods))
        found = {p: _rising(inner.get(p, "period_price_missing")) for p in periods}
        if len({len(v) for v in found.values()}) != 1:
            raise inner.fail("tier_count")
        return (), found
    if span != "month" or proration != "per_month":
        raise limits.fail("value_wrong", "limits by season need span month and proration per_month")
    seasons = node.get("seasons")
    months: dict[int, tuple[int, ...]] = {}
    rest: tuple[int, ...] | None = None
    for season, which in seasons.fields():
        found_limits = _rising(limits.get(season))
        if which.value == "rest":
            rest = found_limits
            continue
        for month in months_of(which):
            if month in months:
                raise which.fail("name_twice", f"month {month} is in two seasons")
            months[month] = found_limits
    for season, item in limits.fields():
        if season not in seasons.value:
            raise item.fail("name_unknown", "a season that `seasons` does not name")
    table = tuple(months.get(m, rest) for m in range(1, 13))
    if any(row is None for row in table):
        raise seasons.fail("field_missing", "some month is in no season")
    if len({len(row) for row in table if row}) != 1:
        raise limits.fail("tier_count")
    return table, {}  # type: ignore[return-value]


def _household(node: Node, span: str) -> Household:
    if span not in ("year", "month"):
        raise node.fail("value_wrong", "kWh a month need a ladder by month or year")
    if span == "year":
        node.get("from", "choice_open").choice("month_of_registration")
    return Household(
        node.get("from_people").whole(1, 100),
        node.get("kwh_per_month").thousandths(),
        node.get("widens", "choice_open").choice("tier_1", "all_tiers"),
    )


def _free(node: Node) -> Free:
    fact, kwh = fact_or(node.get("kwh_per_month"))
    rest = node.get("rest", "choice_open").choice("lost", "carried_in_year")
    if fact and rest != "lost":
        raise node.get("rest").fail("value_wrong", "kWh of the account itself are those of their month: `lost`")
    return Free(
        kwh.thousandths(),
        load_condition(node.maybe("for")),
        node.get("how", "choice_open").choice("before_ladder", "credit_at_tier_1"),
        rest,
        fact,
    )


def fact_or(node: Node) -> tuple[str, Node]:
    """Return the name of the account's figure ("" for none), and the value of the document that holds without it."""
    if isinstance(node.value, dict):
        return node.get("fact").text(), node.get("or")
    return "", node
