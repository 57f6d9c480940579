"""Loading prices: a number, a sum, a ratio to another price, a dated series, a price by calendar month."""

from typing import Any

from services.billing.rating.tariff.load_periods import months_of
from services.billing.rating.tariff.model import Number, Price, Ratio, SeasonalPrice, SeriesPrice, SumOfPrices
from services.billing.rating.tariff.node import Node, after_what_they_use
from shared.exact import RoundTo

DEPTH_MAX = 6
"""A price composed of a series, a ratio, a season and two sums is 5 deep; deeper is a mistake."""


def load_named(root: Node) -> dict[str, Price]:
    """Load `prices`, each after those that it refers to."""
    node = root.maybe("prices")
    named: dict[str, Price] = {}
    if node is not None:
        for name, item in after_what_they_use(dict(node.fields()), lambda item, _: _named_in(item.value)):
            named[name] = load_price(item, named)
    return named


def _named_in(value: Any) -> set[str]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = {value["of"]} if isinstance(value, dict) and isinstance(value.get("of"), str) else set()
    return own.union(*(_named_in(part) for part in parts))


def load_price(node: Node, named: dict[str, Price], period: str | None = None, depth: int = 0) -> Price:
    """Load one price; `period` picks the ratio where `times` is given by period."""
    if depth > DEPTH_MAX:
        raise node.fail("document_too_large", "a price nested too deep")
    if isinstance(node.value, str):
        return Number(node.decimal())
    if "sum" in node:
        return SumOfPrices(tuple(load_price(p, named, period, depth + 1) for p in node.get("sum").items()))
    if "months" in node:
        return _seasonal(node.get("months"), named, period, depth)
    base: Price
    if "series" in node:
        base = SeriesPrice(node.get("series").text())
    elif "of" in node:
        name = node.get("of")
        if name.text() not in named:
            raise name.fail("name_unknown", "another price of `prices`")
        base = named[name.text()]
    else:
        raise node.fail("value_wrong", "a price: a decimal in quotes, or sum, of, series, months")
    return _ratio(node, base, period)


def _ratio(node: Node, base: Price, period: str | None) -> Price:
    times = node.maybe("times")
    round_ = node.maybe("round")
    rounding: RoundTo | None = round_.rounding() if round_ else None
    if times is None:
        if rounding is not None:
            raise node.fail("field_missing", "`round` without `times`")
        return base
    if isinstance(times.value, dict):
        if period is None:
            raise times.fail("value_wrong", "ratios by period need a charge by period")
        times = times.get(period, "period_price_missing")
    return Ratio(base, times.decimal(), rounding)


def _seasonal(node: Node, named: dict[str, Price], period: str | None, depth: int) -> Price:
    months: dict[int, Price] = {}
    rest: Price | None = None
    for item in node.items():
        price = load_price(item.get("price"), named, period, depth + 1)
        which = item.get("months")
        if which.value == "rest":
            if rest is not None:
                raise which.fail("name_twice")
            rest = price
            continue
        for month in months_of(which):
            if month in months:
                raise which.fail("name_twice", f"month {month} has two prices")
            months[month] = price
    found: list[Price] = []
    for month in range(1, 13):
        of_month = months.get(month, rest)
        if of_month is None:
            raise node.fail("field_missing", f"month {month} has no price")
        found.append(of_month)
    return SeasonalPrice(tuple(found))


def load_by_period(node: Node, named: dict[str, Price], periods: tuple[str, ...]) -> tuple[Price, ...]:
    """Load one price per period: an object by period, or one price that holds (times ratios) for all."""
    if isinstance(node.value, dict) and not set(node.value) & {"sum", "of", "series", "months"}:
        node.keys(" ".join(periods))
        return tuple(load_price(node.get(p, "period_price_missing"), named, p) for p in periods)
    return tuple(load_price(node, named, p) for p in periods)
