"""What a case costs, by the dated rules of shared/regulation, with its working line by line. Pure.

The edition of the rules is that of the day of the breach. A figure that it leaves open (2024: the multiple is set case by case)
is set with the calculation, a multiple not above that of the edition before.
"""

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Final

import orjson  # lint: skip=PURE-IMPORT text in and text out, as pure as json and ten times as fast

from shared.exact import divide
from shared.regulation.calculate import calculate
from shared.regulation.codes import Refused
from shared.regulation.policy import Item, Policy, load_policy, number, plain, policy_on

RULES: Final = "CN/supply-rules"
OF_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "change_of_use": ("class_change",),
    "high_usage": ("class_change", "capacity_without_contract"),
    "breach": ("class_change", "capacity_without_contract"),
    "theft": ("theft",),
    "wrong_wiring": ("wrong_wiring", "fuse_blown"),
    "wrong_multiplier": ("wrong_multiplier",),
    "meter_error": ("meter_error",),
}
"""The calculations that a kind of case may end with."""
_BACK_BILLING: Final = {"theft": "back_bill", "class_change": "difference", "capacity_without_contract": "basic_charge"}
_PENALTY: Final = "penalty"
_ADJUSTED: Final = {
    "wrong_wiring": "total",
    "fuse_blown": "amount",
    "wrong_multiplier": "amount",
    "meter_error": "amount",
}
"""By calculation the item that is charged, or adjusted for."""
ADJUSTS: Final = frozenset(_ADJUSTED)
"""The calculations that end in an adjustment and have no penalty."""
_AT_MOST_AS_BEFORE: Final = ("times", "yuan_per_kva")


@dataclass(frozen=True, slots=True)
class Edition:
    """A policy as it ships, with the hash of its document."""

    policy: Policy
    hash: str


def editions(documents: Sequence[Mapping[str, Any]]) -> tuple[Edition, ...]:
    """Return the editions of policy documents."""
    return tuple(
        Edition(load_policy(document), hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest())
        for document in documents
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """What follows from inputs: money in fen, energy in Wh, and each line with its formula."""

    edition: Edition
    items: tuple[Mapping[str, Any], ...]
    back_billing_fen: int
    penalty_fen: int
    adjustment_fen: int
    energy_wh: int


def work_out(
    known: Sequence[Edition], calculation: str, breach_on: date, values: Mapping[str, Any], figures: Mapping[str, str]
) -> Working:
    """Calculate by the edition that holds on the day of the breach; raises `Refused` with a code and a pointer.

    `figures`: by path (`theft/times`) what that edition leaves open.
    """
    policy = policy_on([edition.policy for edition in known], RULES, breach_on)
    edition = next(each for each in known if each.policy is policy)
    before = next((each.policy for each in known if each.policy.period.to == policy.period.from_), None)
    items = calculate(_with_figures(policy, before, figures), calculation, values)
    by_name = {item.name: item for item in items}
    back, adjusted = _BACK_BILLING.get(calculation, ""), _ADJUSTED.get(calculation, "")
    if adjusted and adjusted not in by_name:
        raise Refused("input_missing", "/input/price", "what is adjusted for has a price")
    energy = by_name.get("kwh") or _sum_of_kwh(items)
    return Working(
        edition=edition,
        items=tuple(_shown(item) for item in items),
        back_billing_fen=_fen(by_name.get(back)),
        penalty_fen=0 if adjusted else _fen(by_name.get(_PENALTY)),
        adjustment_fen=_fen(by_name.get(adjusted)),
        energy_wh=divide(energy.value.numerator * 1000, energy.value.denominator, "half_up"),
    )


def _sum_of_kwh(items: Sequence[Item]) -> Item:
    return Item("kwh", sum((item.value for item in items if item.unit == "kWh"), Fraction(0)), "kWh", "")


def _fen(item: Item | None) -> int:
    return 0 if item is None else item.amount_fen or 0


def _shown(item: Item) -> dict[str, Any]:
    """Return an item as it is stored and shown."""
    shown = {"name": item.name, "value": plain(item.value), "unit": item.unit, "formula": item.formula}
    return {**shown, "amount_fen": item.amount_fen}


def _with_figures(policy: Policy, before: Policy | None, figures: Mapping[str, str]) -> Policy:
    """Return a policy with the figures that it leaves open set."""
    rules = deepcopy(dict(policy.rules))
    for path, text in figures.items():
        pointer = f"/figures/{path.replace('/', '~1')}"
        *parts, last = path.split("/")
        place: Any = rules
        for part in parts:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place or isinstance(place[last], dict):
            raise Refused("input_wrong", pointer, "the policy has no such figure")
        if place[last] is not None:
            raise Refused("input_wrong", pointer, "the policy gives this figure: it is not set case by case")
        value = number(text, pointer)
        cap = _figure(before, path) if last in _AT_MOST_AS_BEFORE else None
        if value < 0 or (cap is not None and value > cap):
            raise Refused("input_wrong", pointer, "not above the figure of the edition before, nor below 0")
        place[last] = text
    return replace(policy, rules=rules)


def _figure(policy: Policy | None, path: str) -> Fraction | None:
    try:
        return None if policy is None else policy.number(*path.split("/"))
    except Refused:
        return None
