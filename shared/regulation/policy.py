"""Dated policy documents (供电营业规则 and the like) and the way their figures are read. Every figure is data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

from shared import civil, dated, exact
from shared.dated import Period
from shared.document import DocumentError, Node, check_depth, listed
from shared.exact import divide, parse
from shared.forms import AMOUNT, Form, Names, Schema, record
from shared.regulation.codes import Refused

_FIGURE: Final[Schema] = {**AMOUNT, "type": ["string", "null"]}
_NAMED: Final[Schema] = {"type": ["string", "null"]}
_USES: Final = record({}, {"power": _FIGURE, "lighting": _FIGURE})
_CAPACITY: Final = record({}, {"times": _FIGURE, "yuan_per_kva": _FIGURE, "part_month": _NAMED})
_COUNTS: Final = record({}, dict.fromkeys(("ladder", "power_factor", "levies", "losses"), _NAMED))
RULES: Final[Names] = {
    "late_fee": record(
        {},
        {
            **dict.fromkeys(("resident", "other_current_year", "other_past_year", "minimum"), _FIGURE),
            "across_new_year": _NAMED,
            "days": _NAMED,
            "on_late_fees": {"enum": [False, None]},
        },
    ),
    "theft": record({}, {"times": _FIGURE, "unknown_start_days": _FIGURE, "hours_a_day": _USES}),
    "class_change": record({}, {"times": _FIGURE, "unknown_start_months": _FIGURE, "hours_a_day": _USES}),
    "private_capacity": _CAPACITY,
    "suspended_capacity": _CAPACITY,
    "meter_error": record({}, {"true_kwh": {"enum": ["recorded / (1 + error)", None]}, "share_of_span": _FIGURE}),
    "outage": record({}, {"times": _FIGURE, "days_of_month": _FIGURE}),
    "restoring": record({}, {"hours_max": _FIGURE}),
    "temporary_supply": record({}, {"short_below": _FIGURE, "short_pays": _FIGURE}),
    "untraceable": record({}, {"recover_at": _NAMED, "refund_at": _NAMED, "counts_in": _COUNTS}),
}
_FORMS: Final = {name: Form(rule) for name, rule in RULES.items()}
ALWAYS = Period(date.min)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy version: the period in which it holds, and its rules."""

    id: str
    version: str
    period: Period
    rules: Mapping[str, Any]

    @property
    def holds_always(self) -> bool:
        """Return whether no day is named on which it begins or ends."""
        return self.period == ALWAYS

    def get(self, *path: str) -> Any:
        """Return a value of the rules; one that is null or absent is refused as not confirmed."""
        value: Any = self.rules
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
            if value is None:
                raise Refused(
                    "policy_unconfirmed", f"/policies/{self.id}/{'/'.join(path)}", f"{self.id} {self.version}"
                )
        return value

    def number(self, *path: str) -> Fraction:
        """Return a figure of the rules: a decimal or a ratio such as `1/2`, as text."""
        return number(self.get(*path), f"/policies/{self.id}/{'/'.join(path)}", "policy_wrong")


def load_policy(document: Mapping[str, Any]) -> Policy:
    """Load one policy document: {policy, version, effective {from, to}, sources, RULE: {…}, …}.

    A rule that is absent is open, one that nothing calculates with is refused. Raises `Refused`: `policy_wrong`.
    """
    try:
        check_depth(document)
        return Node.read(document, _policy)
    except DocumentError as error:
        faults = [fault._replace(pointer=f"/policy{fault.pointer}") for fault in error.faults]
        raise Refused("policy_wrong", faults[0].pointer, f"{error.code}: {error.detail}", faults) from None


def _policy(root: Node) -> Policy:
    root.keys(f"policy version title effective sources notes {' '.join(RULES)}")
    if not root.get("sources").items():
        root.get("sources").refuse("value_wrong", "at least one source was expected")
    rules = {name: rule for name, rule in root.fields() if name in RULES}
    for name, rule in rules.items():
        rule.refuse_for(_FORMS[name].faults(rule.value, rule.pointer))
    # a start that is null is not confirmed and reaches back without end
    period = dated.span(root.get("effective").keys("from to"), since=date.min)
    told = {name: rule.value for name, rule in rules.items()}
    return Policy(root.get("policy").text(), root.get("version").text(), period or ALWAYS, told)


def policy_on(policies: Sequence[Policy], policy_id: str, day: date) -> Policy:
    """Return the version of a policy that holds on a day; raises `Refused`: `policy_unknown`."""
    for policy in policies:
        if policy.id == policy_id and day in policy.period:
            return policy
    ids = {policy.id for policy in policies}
    if policy_id not in ids:
        raise Refused("policy_unknown", "/policy", f"no policy of this id; there are: {listed(ids)}")
    raise Refused("policy_unknown", "/policy", f"no version of {policy_id} holds on {day.isoformat()}")


def number(value: Any, pointer: str, code: str = "input_wrong") -> Fraction:
    """Read a decimal or a ratio from text."""
    try:
        top, _, bottom = value.partition("/")
        divisor = parse(bottom) if bottom else None
        found = parse(top).fraction()
        return found / divisor.fraction() if divisor else found
    except (AttributeError, ValueError, ZeroDivisionError):
        raise Refused(code, pointer) from None


class Inputs:
    """The inputs of one calculation, which have their form, read with their pointers."""

    def __init__(self, values: Mapping[str, Any], pointer: str = "/input") -> None:
        self.values = values
        self.pointer = pointer

    def get(self, key: str) -> Any:
        """Return an input that must be there."""
        if key not in self.values:
            raise Refused("input_missing", f"{self.pointer}/{key}")
        return self.values[key]

    def has(self, key: str) -> bool:
        """Return whether an input is given."""
        return key in self.values

    def refuse_beside(self, key: str, others: str) -> None:
        """Refuse inputs (blank separated) that say nothing beside another."""
        for other in others.split():
            if self.has(other):
                raise Refused("input_wrong", f"{self.pointer}/{other}", f"not beside {key}")

    def number(self, key: str) -> Fraction:
        """Return a decimal input."""
        return number(self.get(key), f"{self.pointer}/{key}")

    def numbers(self, key: str) -> list[Fraction]:
        """Return a list of decimals."""
        return [number(v, f"{self.pointer}/{key}/{i}") for i, v in enumerate(self.get(key))]

    def day(self, key: str) -> date:
        """Return a date."""
        try:
            return civil.day(self.get(key))
        except ValueError:
            raise Refused("input_wrong", f"{self.pointer}/{key}", "a date was expected") from None

    def span(self, to: str = "to") -> tuple[date, date]:
        """Return the days from `from` to `to`, half-open: `to` is the first that no longer counts."""
        start, end = self.day("from"), self.day(to)
        if end <= start:
            raise Refused("input_wrong", f"{self.pointer}/{to}", "the end does not lie after the beginning")
        return start, end

    def days(self, key: str = "days", to: str = "to") -> Fraction:
        """Return a number of days: given, or counted from `from` to `to`."""
        if not self.has(to):
            if to == "to" and self.has("from"):
                raise Refused("input_missing", f"{self.pointer}/{to}")
            return self.number(key)
        self.refuse_beside(to, key)
        start, end = self.span(to)
        return Fraction((end - start).days)

    def each(self, key: str) -> list["Inputs"]:
        """Return a list of objects."""
        return [Inputs(v, f"{self.pointer}/{key}/{i}") for i, v in enumerate(self.get(key))]


@dataclass(frozen=True, slots=True)
class Item:
    """One result of a policy calculation: exact value, unit, how it comes about. Yuan are rounded half up to the fen."""

    name: str
    value: Fraction
    unit: str
    formula: str

    @property
    def amount_fen(self) -> int | None:
        """Return the amount in fen, None for what is no money."""
        if self.unit != "yuan":
            return None
        return divide(self.value.numerator * 100, self.value.denominator, "half_up")


def plain(value: Fraction) -> str:
    """Return an exact number for a formula."""
    return exact.text(value.numerator, value.denominator)


def product(name: str, unit: str, *factors: tuple[Fraction, str]) -> Item:
    """Make an item out of a product; each factor has its unit ("" = none)."""
    value = Fraction(1)
    for factor, _ in factors:
        value *= factor
    left = " x ".join(f"{plain(f)} {u}".strip() for f, u in factors)
    return Item(name, value, unit, f"{left} = {plain(value)}")


def total(name: str, items: Sequence[Item]) -> Item:
    """Add items up."""
    value = sum((i.value for i in items), Fraction(0))
    left = " + ".join(plain(i.value) for i in items) or "0"
    return Item(name, value, items[0].unit if items else "yuan", f"{left} = {plain(value)}")
