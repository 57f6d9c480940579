"""Loading charges, one function per kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from services.billing.rating.tariff.codes import TariffError
from services.billing.rating.tariff.load_ladders import fact_or, load_condition
from services.billing.rating.tariff.load_prices import load_by_period, load_price
from services.billing.rating.tariff.model import (
    Capacity,
    Charge,
    Credit,
    Demand,
    Energy,
    FactorStep,
    Fixed,
    Given,
    Ladder,
    Minimum,
    Percent,
    Period,
    PowerFactor,
    Price,
    Tiered,
)
from services.billing.rating.tariff.node import Faults, Node
from shared.exact import Exact


@dataclass(frozen=True, slots=True)
class Names:
    """What charges of one document can refer to."""

    periods: tuple[Period, ...]
    ladders: Mapping[str, Ladder]
    quantities: frozenset[str]
    prices: dict[str, Price]
    tables: Mapping[str, Any]
    above: tuple[str, ...] = ()
    """The charges that stand above the one that is read."""

    def period_names(self) -> tuple[str, ...]:
        """Return the names of the periods in their order."""
        return tuple(p.name for p in self.periods)


def load_charges(root: Node, names: Names, faults: Faults) -> tuple[Charge, ...]:
    """Load `charges`; their order is the order of calculation and of the lines."""
    charges: list[Charge | None] = []
    above: list[str] = []
    for item in root.get("charges").items():
        charges.append(faults.of(partial(_charge, item, replace(names, above=tuple(above))), None))
        above += faults.of(partial(_named, item), [])
    return tuple(c for c in charges if c is not None)


def _named(item: Node) -> list[str]:
    return [item.get("name").text()]


def _charge(item: Node, names: Names) -> Charge:
    kind, name = item.get("kind").choice(*_KINDS), item.get("name")
    if name.text() in names.above:
        raise name.fail("name_twice")
    return _KINDS[kind](item, names)


def _common(node: Node) -> dict[str, Any]:
    zh, tax, exempt = node.maybe("zh"), node.maybe("tax"), node.maybe("exempt")
    return {
        "name": node.get("name").text(),
        "zh": zh.text() if zh else "",
        "applies": replace(
            load_condition(node.maybe("for")), exempt=frozenset(exempt.texts()) if exempt else frozenset()
        ),
        "taxed": tax.flag() if tax else True,
    }


def _quantity(node: Node | None, names: Names, default: str) -> str:
    if node is None:
        return default
    if node.text() not in names.quantities:
        raise node.fail("name_unknown", "a register or a derived quantity")
    return node.text()


def _energy(node: Node, names: Names) -> Charge:
    common = _common(node)
    export = node.value["kind"] == "export"
    default = "export" if export else "import"
    by_node = node.maybe("by")
    by = by_node.choice("period", "interval") if by_node else ""
    price = node.get("price")
    if by == "period":
        if not names.periods:
            raise node.get("by").fail("name_unknown", "the document has no periods")
        base = node.maybe("quantity")
        quantity = base.text() if base else default
        for p in names.period_names():
            if quantity != "import" and f"{quantity}.{p}" not in names.quantities:
                raise (base or node).fail("name_unknown", f"{quantity}.{p}")
        prices = load_by_period(price, names.prices, names.period_names())
    else:
        quantity = _quantity(node.maybe("quantity"), names, default)
        prices = (load_price(price, names.prices),)
    return Energy(**common, quantity=quantity, by=by, prices=prices, sign=-1 if export else 1)


def _ladder_of(node: Node, names: Names) -> Ladder:
    ladder = node.get("ladder")
    if ladder.text() not in names.ladders:
        raise ladder.fail("name_unknown", "a ladder of this document")
    return names.ladders[ladder.text()]


def _tiered(node: Node, names: Names) -> Charge:
    add_on = node.value["kind"] == "ladder_add_on"
    common = _common(node)
    ladder = _ladder_of(node, names)
    values = node.get("add" if add_on else "price")
    flat: tuple[Price, ...] = ()
    by_period: tuple[tuple[Price, ...], ...] = ()
    split = ""
    if isinstance(values.value, dict):
        values.keys(" ".join(names.period_names()))
        by_period = tuple(
            _tier_prices(values.get(p, "period_price_missing"), ladder, names) for p in names.period_names()
        )
        split = node.get("tier_kwh_of_periods", "choice_open").choice(
            "by_share", "in_time_order", "own_limits_per_period"
        )
        if (split == "own_limits_per_period") != bool(ladder.limits_by_period):
            raise node.get("tier_kwh_of_periods").fail(
                "value_wrong", "own limits need limits_kwh.by_period, and only they"
            )
    else:
        flat = _tier_prices(values, ladder, names)
        if ladder.limits_by_period:
            raise values.fail("value_wrong", "own limits per period need prices by period")
        if "tier_kwh_of_periods" in node:
            raise node.get("tier_kwh_of_periods").fail("value_wrong", "only where prices differ by period")
    if ladder.whole_quantity and split == "in_time_order":
        raise node.fail("value_wrong", "whole-quantity tiers have no order in time")
    return Tiered(**common, add_on=add_on, ladder=ladder.name, prices=flat, prices_by_period=by_period, split=split)


def _tier_prices(node: Node, ladder: Ladder, names: Names) -> tuple[Price, ...]:
    items = node.items()
    if len(items) != ladder.tiers:
        raise node.fail("tier_count", f"{ladder.tiers} were expected")
    return tuple(load_price(i, names.prices) for i in items)


def _month(node: Node) -> dict[str, Any]:
    month = node.get("month", "choice_open").choice("thirtieths", "calendar_days")
    last = "own_days"
    if month == "thirtieths":
        last = node.get("last_part", "choice_open").choice("rest_of_month", "own_days")
    return {"month": month, "last_part": last}


def _part_month(node: Node) -> str:
    """Return what a cycle counts as that is only a part of its months, or longer; as whole months where nothing is said."""
    part = node.maybe("part_month")
    return part.choice("counts_as_one", "thirtieths", "calendar_days") if part else "counts_as_one"


def _capacity(node: Node, names: Names) -> Charge:
    common = _common(node)
    shares = node.maybe("state_share")
    days = node.maybe("suspension_counts_from_days")
    return Capacity(
        **common,
        **_month(node),
        price=load_price(node.get("price"), names.prices),
        state_share={name: item.decimal() for name, item in shares.fields()} if shares else {"running": Exact(1, 1)},
        suspension_days=days.whole(0, 366) if days else 0,
    )


def _demand(node: Node, names: Names) -> Charge:
    common = _common(node)
    basis = node.get("basis", "choice_open").choice("contract", "actual")
    curve, over, ratchet, discount = (node.maybe(k) for k in ("from_curve", "over", "ratchet", "discount"))
    floor = node.maybe("floor_share")
    return Demand(
        **common,
        **_month(node),
        price=load_price(node.get("price"), names.prices),
        basis=basis,
        measured=_quantity(node.maybe("measured"), names, "demand"),
        curve=_quantity(curve, names, "import") if curve else None,
        floor_share=floor.positive() if floor else None,
        over_from=over.get("from").positive() if over else None,
        over_times=over.get("times").positive() if over else None,
        ratchet_share=ratchet.get("share").positive() if ratchet else None,
        ratchet_months=ratchet.get("months").whole(1, 36) if ratchet else 0,
        discount_wh_per_kva=discount.get("kwh_per_kva").thousandths() if discount else None,
        discount_pays=discount.get("pays").positive() if discount else None,
        discount_quantity=_quantity(discount.maybe("quantity"), names, "import") if discount else "",
    )


def _fixed(node: Node, names: Names) -> Charge:
    common = _common(node)
    per = node.get("per", "choice_open").choice("month", "day", "cycle")
    if per == "day" and "part_month" in node:
        raise node.get("part_month").fail("value_wrong", "only an amount per month or cycle has parts")
    return Fixed(**common, price=load_price(node.get("price"), names.prices), per=per, part_month=_part_month(node))


def _on(node: Node, names: Names) -> tuple[str, ...]:
    on = node.get("on", "choice_open")
    for item in on.items():
        if item.text() not in names.above:
            raise item.fail("name_unknown", "a charge that stands above")
    return on.texts()


def _steps(node: Node) -> tuple[FactorStep, ...]:
    steps: list[FactorStep] = []
    for item in node.items():
        limit = item.maybe("to_points")
        step = FactorStep(limit.whole(1, 100) if limit else None, item.get("percent_per_point").decimal())
        last = steps[-1].to_points if steps else 0
        if last is None or (step.to_points is not None and step.to_points <= last):
            raise item.fail("limits_order")
        steps.append(step)
    return tuple(steps)


def _power_factor(node: Node, names: Names) -> Charge:
    common = _common(node)
    table = node.get("table")
    if isinstance(table.value, str):
        if table.value not in names.tables:
            raise table.fail("name_unknown", "a power factor table")
        table = Node(names.tables[table.value], table.pointer)
    table.keys("table title source cos_phi penalty reward")
    fact, standard = fact_or(node.get("standard", "choice_open"))
    rewards = table.get("reward")
    if standard.text() not in rewards:
        raise standard.fail("name_unknown", "a standard of the table")
    cos_phi = table.maybe("cos_phi")
    own = {_points(standard): _steps(rewards.get(standard.text()))}
    return PowerFactor(
        **common,
        standard=_points(standard),
        cos_phi=cos_phi.choice("half_up", "down") if cos_phi else "half_up",
        active=_quantity(node.get("active", "choice_open"), names, ""),
        reactive=_quantity(node.get("reactive", "choice_open"), names, ""),
        on=_on(node, names),
        of=node.get("of", "choice_open").choice("exact", "amount"),
        penalty=_steps(table.get("penalty")),
        rewards={_hundredths(name, item): _steps(item) for name, item in rewards.fields()} | own if fact else own,
        fact=fact,
    )


def _points(standard: Node) -> int:
    return _hundredths(standard.text(), standard)


def _hundredths(text: str, node: Node) -> int:
    points = Node(text, node.pointer).positive().times(Exact(100, 1))
    if points.num % points.den:
        raise node.fail("value_wrong", "two decimals were expected")
    return points.num // points.den


def _percent(node: Node, names: Names) -> Charge:
    common = _common(node)
    of = node.get("of", "choice_open").choice("exact", "amount")
    return Percent(**common, percent=node.get("percent").decimal(), on=_on(node, names), of=of)


def _minimum(node: Node, names: Names) -> Charge:
    common = _common(node)
    price = load_price(node.get("price"), names.prices)
    return Minimum(**common, price=price, on=_on(node, names), part_month=_part_month(node))


def _credit(node: Node, names: Names) -> Charge:
    common = _common(node)
    ladder = ""
    if "ladder" in node:
        ladder = _ladder_of(node, names).name
        if names.ladders[ladder].free is None:
            raise node.get("ladder").fail("name_unknown", "a ladder with free kWh")
        if "part_month" in node:
            raise node.get("part_month").fail("value_wrong", "free kWh are given by the ladder")
    price = load_price(node.get("price"), names.prices)
    return Credit(**common, ladder=ladder, price=price, part_month=_part_month(node))


def _given(node: Node, names: Names) -> Charge:
    return Given(**_common(node))


_KINDS: Mapping[str, Callable[[Node, Names], Charge]] = {
    "energy": _energy,
    "export": _energy,
    "ladder_price": _tiered,
    "ladder_add_on": _tiered,
    "capacity": _capacity,
    "demand": _demand,
    "fixed": _fixed,
    "power_factor": _power_factor,
    "percent": _percent,
    "minimum": _minimum,
    "credit": _credit,
    "given": _given,
}


def check_free(ladders: Mapping[str, Ladder], charges: tuple[Charge, ...]) -> None:
    """Refuse free kWh that no charge makes free."""
    for name, ladder in ladders.items():
        if ladder.free is None:
            continue
        credited = any(isinstance(c, Credit) and c.ladder == name for c in charges)
        by_price = any(isinstance(c, Tiered) and not c.add_on and c.ladder == name for c in charges)
        if not credited and not (by_price and ladder.free.how == "before_ladder"):
            raise TariffError("field_missing", "/charges", f"a charge of kind credit for the free kWh of {name}")
