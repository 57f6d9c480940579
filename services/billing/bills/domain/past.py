"""What bills before say of the one that is reviewed: the last one, and those of the same days of last year. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import orjson  # lint: skip=PURE-IMPORT text in and text out, as pure as json and ten times as fast

from services.billing.contracts.domain import AccountTerms, Assignment, Terms
from services.billing.rating import rating_types
from services.billing.rating.reference.two_part.power_factor import hundredths
from services.billing.usages.domain import Usage
from shared.exact import Exact

BASIC: Final = ("capacity", "demand")
FACTOR: Final = "power_factor"
REACTIVE: Final = "reactive"
MIDDLE_DAYS_MAX: Final = 5  # so many days more or less than before: still a bill of as many months


@dataclass(frozen=True, slots=True)
class TwoPart:
    """What the lines of a bill say of a two-part price: its basic charge, cos φ in hundredths, the adjustment in permille.

    `measured_fen`: of the basic charge what goes by a demand that was measured.
    """

    basic_fen: int = 0
    measured_fen: int = 0
    power_factor: int | None = None
    factor_permille: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A bill in force before; `two_part` of one whose lines were looked at."""

    period_from: date
    period_to: date
    energy_wh: int
    two_part: TwoPart | None = None

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.period_to - self.period_from).days


def is_two_part(terms: Terms, usages: Iterable[Usage]) -> bool:
    """Return whether a contract may have basic charges or a power factor: its account or its meter says so."""
    if any(t.option or t.capacity_va or t.equipment or t.contract_demand_w for t in terms.account_terms):
        return True
    return any(name.startswith(REACTIVE) for usage in usages for name in usage.energy)


def two_part(lines: Sequence[rating_types.Line], usage: Usage | None) -> TwoPart | None:
    """Return what lines and usage of a bill say of a two-part price, None where they say nothing of it."""
    rows = [line for line in lines if line.kind == FACTOR or line.kind in BASIC]
    return _two_part([(one.kind, one.price, one.amount_fen) for one in rows], usage)


def two_part_of(lines: str, usage: Usage | None) -> TwoPart | None:
    """Return what stored lines and the usage of a bill say of a two-part price, None where they say nothing of it."""
    rows = [line for line in orjson.loads(lines) if line[2] == FACTOR or line[2] in BASIC]
    return _two_part([(one[2], one[7] and Exact(*one[7]), one[9]) for one in rows], usage)


def _two_part(rows: Sequence[tuple[str, Exact | None, int]], usage: Usage | None) -> TwoPart | None:
    reactive = usage is not None and any(name.startswith(REACTIVE) for name in usage.energy)
    if not rows and not reactive:
        return None
    basic = measured = permille = 0
    for kind, price, fen in rows:
        if kind in BASIC:
            basic += fen
            measured += fen if kind == "demand" else 0
        elif price is not None:
            permille = max(permille, 1000 * price.num // price.den)
    return TwoPart(basic, measured, power_factor(usage) if usage else None, permille)


def power_factor(usage: Usage) -> int | None:
    """Return cos φ of a usage in hundredths, None where no reactive energy was measured, or nothing active."""
    reactive = [abs(wh) for name, wh in usage.energy.items() if name.startswith(REACTIVE)]
    return hundredths(usage.import_wh, sum(reactive)) if reactive and usage.import_wh > 0 else None


def last_year_wh(past: Sequence[Past], usage: Usage) -> int | None:
    """Return what the same days of last year let expect for as many days as a usage has.

    By the bills that had these days, day by day; None where they had less than half of them.
    """
    from_, to = _year_before(usage.period_from), _year_before(usage.period_to)
    used, covered = Fraction(0), 0
    for one in past:
        shared = (min(one.period_to, to) - max(one.period_from, from_)).days
        if shared > 0:
            used += Fraction(one.energy_wh * shared, one.days)
            covered += shared
    if not covered or 2 * covered < (to - from_).days:
        return None
    return int(used * (usage.period_to - usage.period_from).days / covered)


def changes(terms: Terms, usage: Usage, before: Past | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what of the account or the meter is another since the first day of a usage, and what since a later one.

    What an account or a meter is on the first day of a contract is no change.
    """
    first: dict[str, None] = {}
    later: dict[str, None] = {}
    if len(terms.account_terms) > 1:
        _compare(terms.account_terms, _account, terms, usage, first, later)
    if len(terms.assignments) > 1:
        _compare(terms.assignments, _tariff, terms, usage, first, later)
    if before is not None and (usage.meters > 1 or any(day >= usage.period_from for day in usage.installed_on)):
        first["meter"] = None
    return tuple({**first, **later}), tuple(later)


def _compare(
    dated: Sequence[Any], read: Any, terms: Terms, usage: Usage, first: dict[str, None], later: dict[str, None]
) -> None:
    for old, new in pairwise(dated):
        if usage.period_from <= new.from_ < usage.period_to and new.from_ > terms.opened:
            was, is_ = read(old), read(new)
            changed = {name: None for name in is_ if is_[name] != was[name]}
            (first if new.from_ == usage.period_from else later).update(changed)


def _account(terms: AccountTerms) -> dict[str, object]:
    return {
        "class": terms.customer_class,
        "household": (terms.people, terms.households),
        "option": terms.option,
        "capacity": (terms.capacity_va, terms.contract_demand_w, terms.equipment),
        "figures": terms.values,
        "exemption": terms.exempt,
    }


def _tariff(assignment: Assignment) -> dict[str, object]:
    return {"tariff": assignment.tariff}


def expected_basic_fen(terms: Terms, usage: Usage, now: TwoPart, before: Past | None) -> int | None:
    """Return the basic charge that the bill before lets expect, None where something lets expect another one.

    A demand that was measured is another every month; so is a charge of other months, or of other facts.
    """
    if before is None or before.two_part is None or abs(_days(usage) - before.days) > MIDDLE_DAYS_MAX:
        return None
    if now.measured_fen or before.two_part.measured_fen:
        return None
    if usage.cycle_from is not None and (usage.cycle_from, usage.read_date) != (usage.period_from, usage.period_to):
        return None
    dated = (*(t.from_ for t in terms.account_terms), *(a.from_ for a in terms.assignments))
    if any(before.period_from < day < usage.period_to for day in dated):
        return None
    return before.two_part.basic_fen


def is_suspended(terms: AccountTerms) -> bool:
    """Return whether all equipment of an account is suspended or sealed."""
    return bool(terms.equipment) and all(one.state in ("suspended", "cold_sealed") for one in terms.equipment)


def _days(usage: Usage) -> int:
    return (usage.period_to - usage.period_from).days


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
