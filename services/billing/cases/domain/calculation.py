"""What a case costs, by the dated rules of shared/regulation, with its working line by line. Pure.

The edition of the rules is that of the day of the breach. A figure that it leaves open (2024: the multiple is set case by case)
is set with the calculation, within the bounds of `SET_BY_CASE`.
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
_HOURS: Final = (Fraction(0), Fraction(24))
SET_BY_CASE: Final[Mapping[str, tuple[Fraction, Fraction]]] = {
    "theft/times": (Fraction(0), Fraction(3)),
    "theft/unknown_start_days": (Fraction(180), Fraction(730)),
    "theft/hours_a_day/power": _HOURS,
    "theft/hours_a_day/lighting": _HOURS,
    "class_change/times": (Fraction(0), Fraction(2)),
    "class_change/unknown_start_months": (Fraction(0), Fraction(3)),
    "class_change/hours_a_day/power": _HOURS,
    "class_change/hours_a_day/lighting": _HOURS,
    "private_capacity/times": (Fraction(0), Fraction(3)),
    "private_capacity/yuan_per_kva": (Fraction(0), Fraction(50)),
    "suspended_capacity/times": (Fraction(0), Fraction(2)),
    "suspended_capacity/yuan_per_kva": (Fraction(0), Fraction(30)),
}
"""The figures that an edition may leave open, by path: the least and the most that somebody sets for a case.

The multiples, months and yuan are those of 1996, which 2024 calls "not above" (30 yuan per kVA of suspended equipment: not
confirmed). A theft of unknown start is at least of 180 days (both editions); at most of two years is the house's own bound.
"""


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
    items = calculate(_with_figures(policy, figures), calculation, values)
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


def _with_figures(policy: Policy, figures: Mapping[str, str]) -> Policy:
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
        if path not in SET_BY_CASE:
            raise Refused("input_wrong", pointer, "this figure is not set case by case")
        least, most = SET_BY_CASE[path]
        if not least <= number(text, pointer) <= most:
            raise Refused("input_wrong", pointer, f"not below {plain(least)} nor above {plain(most)}")
        place[last] = text
    return replace(policy, rules=rules)
