"""The calculations by policy that are made for many customers at once, as columns: late fees at the end of a month, and the
compensation of an outage. They share the policy documents with the calculations one by one, and no code calculation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm

import numpy as np
import numpy.typing as npt

from shared.arrays import SAFE, Bools, Col, Ints, Rows
from shared.regulation.codes import Refused
from shared.regulation.policy import Policy

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Amounts:
    """One amount a customer: exact fen = num ÷ den, and rounded half up. Rows of `apart` could overflow: one by one."""

    num: Ints
    den: int
    fen: Ints
    apart: Bools


@dataclass(frozen=True, slots=True)
class Held:
    """Days on which debts bear no fee: `debt` (row of the debt), `start` and `stop` (half-open). Spans of a debt lie apart."""

    debt: Ints
    start: Days
    stop: Days


def late_fees(
    policy: Policy,
    paid: date | Days,
    residents: Bools,
    customer: Ints,
    amount_fen: Ints,
    due: Days,
    held: Held | None = None,
) -> Amounts:
    """Compute the late fee (电费违约金) of every customer who pays on a day.

    `residents` has a row a customer. One row a debt, or a part of one that was paid on a day of its own: `customer` (index of its
    customer), `amount_fen`, `due` (datetime64[D], the last day without a fee), `paid` (one day for all, or one a row).
    Raises Refused where the policy leaves open a figure that a row needs, and for a debt below zero.
    Source: 供电营业规则 (1996) art. 98, as in `late_fee`.
    """
    _not_below_zero(amount_fen=amount_fen)
    if policy.get("late_fee", "days") != "after_the_due_day_up_to_and_with_the_payment_day":
        raise Refused("policy_wrong", "/policy/late_fee/days")
    until = np.broadcast_to(np.asarray(paid, dtype="datetime64[D]"), due.shape)
    before, after = _days(until, due)
    if held is not None:
        before, after = _without(before, after, held, until, due)
    home = residents[customer]
    late = before + after > 0
    others = bool((late & ~home).any())
    home_rate, own_rate, past_rate = _rates(policy, bool((late & home).any()), others)
    if others and _past_rate_for_all(policy):
        before, after = np.where(after > 0, 0, before), np.where(after > 0, before + after, after)
    minimum = policy.number("late_fee", "minimum") * 100
    den = lcm(*(f.denominator for f in (home_rate, own_rate, past_rate, minimum)))
    weights = np.where(
        home, (before + after) * int(home_rate * den), before * int(own_rate * den) + after * int(past_rate * den)
    )
    debts = Rows(len(amount_fen))
    most = SAFE // max(1, len(amount_fen))  # a sum of them all stays safe
    num = debts.within(debts.product(debts.read(amount_fen), debts.read(weights)), most)
    sums = np.zeros(len(residents), dtype=np.int64)
    np.add.at(sums, customer, num.v)
    least = int(minimum * den)
    sums = np.where((sums > 0) & (sums < least), least, sums)
    apart = np.zeros(len(residents), dtype=np.bool_)
    if debts.apart is not None:
        apart[customer[debts.apart]] = True
    return _rounded(sums, den, apart)


def _not_below_zero(**columns: Ints) -> None:
    for name, values in columns.items():
        if (values < 0).any():
            raise Refused("input_wrong", f"/input/{name}", "below zero")


def _days(paid: Days, due: Days) -> tuple[Ints, Ints]:
    """Return the overdue days of each debt in the year in which it was due, and in later years."""
    overdue = np.maximum((paid - due).astype(np.int64), 0)
    after = np.maximum((paid - _new_year(due)).astype(np.int64) + 1, 0)
    return overdue - after, after


def _new_year(due: Days) -> Days:
    return (due.astype("datetime64[Y]") + 1).astype("datetime64[D]")


def _without(before: Ints, after: Ints, held: Held, paid: Days, due: Days) -> tuple[Ints, Ints]:
    """Return overdue days less those on which the debts were held."""
    start = np.maximum(held.start, due[held.debt] + 1)
    stop = np.minimum(held.stop, paid[held.debt] + 1)
    new_year = _new_year(due)[held.debt]
    before, after = before.copy(), after.copy()
    np.subtract.at(before, held.debt, np.maximum((np.minimum(stop, new_year) - start).astype(np.int64), 0))
    np.subtract.at(after, held.debt, np.maximum((stop - np.maximum(start, new_year)).astype(np.int64), 0))
    return before, after


def _rates(policy: Policy, home: bool, other: bool) -> tuple[Fraction, Fraction, Fraction]:
    """Return the daily rates for residents, for others in the year of the debt and later; 0 where no row needs one."""
    nothing = Fraction(0)
    of_homes = policy.number("late_fee", "resident") if home else nothing
    if not other:
        return of_homes, nothing, nothing
    return of_homes, policy.number("late_fee", "other_current_year"), policy.number("late_fee", "other_past_year")


def _past_rate_for_all(policy: Policy) -> bool:
    reading = policy.get("late_fee", "across_new_year")
    if reading not in ("split_at_1_january", "past_year_rate_for_all_days"):
        raise Refused("policy_wrong", "/policy/late_fee/across_new_year")
    return bool(reading == "past_year_rate_for_all_days")


def outage_compensation(
    policy: Policy, minutes: Ints, month_wh: Ints, prices: Sequence[Fraction], price: Ints
) -> Amounts:
    """Compute what customers get for an outage: a multiple of the energy charge of what they would likely have used.

    One row a customer: `minutes` without supply, `month_wh` of an average month, `price` (index into `prices`, yuan per kWh).
    Raises Refused where the policy leaves a figure open, and for minutes or energy below zero. Source: 供电营业规则 (1996), as in
    `supply`.
    """
    _not_below_zero(minutes=minutes, month_wh=month_wh)
    # Wh x minutes x price x this = fen
    each = policy.number("outage", "times") * 100 / (policy.number("outage", "days_of_month") * 24 * 60 * 1000)
    per = [p * each for p in prices]
    den = lcm(1, *(p.denominator for p in per))
    rows = Rows(len(minutes))
    weights = rows.product(rows.read(minutes), rows.read(np.array([int(p * den) for p in per], dtype=np.int64)[price]))
    num = rows.product(rows.read(month_wh), weights)
    return _rounded(num.v, den, np.zeros(rows.n, dtype=np.bool_) if rows.apart is None else rows.apart)


def _rounded(num: Ints, den: int, apart: Bools) -> Amounts:
    rows = Rows(len(num))
    fen = rows.divide(Col(num, -SAFE, SAFE), den, "half_up")
    return Amounts(num, den, fen.v, apart if rows.apart is None else apart | rows.apart)
