"""Loading the rules that make quantities before prices: losses, fixed kWh, shares, sub-meters, spreading."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from services.billing.rating.tariff.model import Period
from services.billing.rating.tariff.node import Faults, Node, after_what_they_use
from services.billing.rating.tariff.quantity_rules import (
    Amount,
    FixedRule,
    LossRule,
    QuantityRule,
    RestRule,
    ShareRule,
    SpreadRule,
    SumRule,
)
from shared.exact import RoundTo

BASE: Final = frozenset({"import", "export", "reactive.import", "reactive.export", "demand"})
"""Quantities that every tariff knows; others are registers of periods, derived, or named in `registers`."""


def known_names(root: Node, periods: tuple[Period, ...]) -> set[str]:
    """Return the quantities that usage can bring."""
    extra = root.maybe("registers")
    names = set(BASE) | set(extra.texts() if extra else ())
    for period in periods:
        names |= {f"{q}.{period.name}" for q in ("import", "export")} | (
            {period.register} if period.register else set()
        )
    return names


def load_quantities(
    root: Node, known: set[str], periods: tuple[Period, ...], default: dict[str, RoundTo], faults: Faults
) -> tuple[QuantityRule, ...]:
    """Load `quantities`, each after those that it uses, in whatever order they stand: a document that is stored is sorted."""
    node = root.maybe("quantities")
    if node is None:
        return ()
    rules: list[QuantityRule] = []
    seen = set(known)
    for name, item in after_what_they_use(dict(node.fields()), _used):
        rule = faults.of(partial(_rule, name, item, seen, default), None)
        seen |= {f"{name}.{p.name}" for p in periods} if "spread" in item else {name}
        rules += [rule] if rule else []
    known |= seen
    return tuple(rules)


def _used(item: Node, items: Mapping[str, Node]) -> set[str]:
    values = item.value.values() if isinstance(item.value, dict) else ()
    used = {
        text for value in values for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)
    }
    return used | {of for text in used if (of := text.rpartition(".")[0]) in items and "spread" in items[of]}


def _name(node: Node, seen: set[str]) -> str:
    if node.text() not in seen:
        raise node.fail("name_unknown", "a register, or another quantity")
    return node.text()


def _names(node: Node, seen: set[str]) -> tuple[str, ...]:
    return tuple(_name(item, seen) for item in node.items())


def _amount(node: Node) -> Amount:
    if isinstance(node.value, dict):
        return node.get("fact").text()
    return node.decimal()


def _round(node: Node, kind: str, default: dict[str, RoundTo]) -> RoundTo:
    own = node.maybe("round")
    rounding = own.rounding() if own else default.get(kind)
    if rounding is None:
        raise node.fail("choice_open", f"a rounding of its own or `rounding.{kind}`")
    thousand = rounding.step.num * 1000
    if rounding.mode == "none" or thousand % rounding.step.den or thousand <= 0:
        raise node.fail("value_wrong", "the grain of energy is 0.001 kWh: a step of a multiple of it, and a mode")
    return rounding


def _rule(name: str, node: Node, seen: set[str], default: dict[str, RoundTo]) -> QuantityRule:
    if "sum" in node or "sum_abs" in node:
        absolute = "sum_abs" in node
        return SumRule(name, _names(node.get("sum_abs" if absolute else "sum"), seen), absolute)
    if "rest_of" in node:
        below = node.get("below_zero", "choice_open").choice("zero", "kept")
        return RestRule(name, _name(node.get("rest_of"), seen), _names(node.get("without"), seen), below)
    if "loss" in node:
        return _loss(name, node, seen, default)
    if "share_of" in node:
        of = _name(node.get("share_of"), seen)
        return ShareRule(name, of, _amount(node.get("share")), _round(node, "share", default))
    if "fixed_kwh" in node:
        return FixedRule(name, _amount(node.get("fixed_kwh")), _round(node, "share", default))
    if "spread" in node:
        return SpreadRule(name, _name(node.get("spread"), seen), _name(node.get("by"), seen))
    raise node.fail("value_wrong", "one of sum, sum_abs, rest_of, loss, share_of, fixed_kwh, spread")


def _loss(name: str, node: Node, seen: set[str], default: dict[str, RoundTo]) -> LossRule:
    loss = node.get("loss")
    iron, copper = loss.maybe("iron"), loss.maybe("copper_share")
    by = loss.get("iron_by", "choice_open").choice("thirtieths", "calendar_days", "hours") if iron else ""
    return LossRule(
        name,
        _amount(iron) if iron else None,
        by,
        _amount(copper) if copper else None,
        _name(loss.get("copper_of"), seen) if copper else "",
        _round(node, "loss", default),
    )
