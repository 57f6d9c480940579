"""Late fees (电费违约金)."""

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from shared.forms import AMOUNT, DAY, TEXT, choice, record, rows
from shared.regulation.codes import Refused
from shared.regulation.policy import Inputs, Item, Policy, plain, product, total

LATE_FEE = record(
    {
        "user": choice("resident", "other"),
        "paid": DAY,
        "debts": {
            **rows(
                record(
                    {"name": TEXT, "amount": AMOUNT, "due": DAY},
                    {"paid": DAY, "held": {**rows(record({"from": DAY, "to": DAY})), "minItems": 0}},
                )
            ),
            "minItems": 0,
        },
    }
)


def late_fee(policy: Policy, inputs: Inputs) -> list[Item]:
    """Compute the late fee of overdue bills up to and with the payment day.

    Inputs: user (resident, other), paid, debts [{name, amount, due}] (`due` = last day without a fee). A debt, or a part of one,
    may have been paid on a day of its own (`paid`), and be held on some days (`held` [{from, to}], `to` the first day that
    counts again): these bear no fee. Days of the year of the debt and days from 1 January on have rates of their own for others
    than residents; `across_new_year` of the policy names the reading: split_at_1_january, or past_year_rate_for_all_days once the
    bill is of a past year.
    Source: 供电营业规则 (1996) art. 98.
    """
    user = inputs.get("user")
    paid = inputs.day("paid")
    if policy.get("late_fee", "days") != "after_the_due_day_up_to_and_with_the_payment_day":
        raise Refused("policy_wrong", "/policy/late_fee/days")
    parts: list[Item] = []
    fees: list[Item] = []
    for debt in inputs.each("debts"):
        own = _debt(policy, user, debt, paid)
        parts += own
        fees.append(total(f"{debt.get('name')}", own))
    sum_ = total("total", fees)
    minimum = policy.number("late_fee", "minimum")
    if 0 < sum_.value < minimum:
        sum_ = Item("total", minimum, "yuan", f"{sum_.formula}, at least {plain(minimum)}")
    return [*parts, *fees, sum_]


def overdue_days(due: date, paid: date, held: Iterable[tuple[date, date]] = ()) -> tuple[int, int]:
    """Return the days that bear a fee from the day after `due` up to and with `paid`: of the year of the debt, and later.

    Those in one of the spans `held`, half-open, do not.
    """
    new_year = date(due.year + 1, 1, 1)
    first, end = due + timedelta(days=1), paid + timedelta(days=1)
    old, new = _length(first, min(end, new_year)), _length(max(first, new_year), end)
    for start, stop in apart(held):
        start, stop = max(start, first), min(stop, end)
        old -= _length(start, min(stop, new_year))
        new -= _length(max(start, new_year), stop)
    return old, new


def _length(start: date, end: date) -> int:
    return max((end - start).days, 0)


def apart(spans: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Return spans in order that do not overlap, and together are these."""
    found: list[tuple[date, date]] = []
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(stop, found[-1][1])
        else:
            found.append((start, stop))
    return found


def _debt(policy: Policy, user: str, debt: Inputs, paid: date) -> list[Item]:
    name, amount, due = str(debt.get("name")), debt.number("amount"), debt.day("due")
    paid = debt.day("paid") if debt.has("paid") else paid
    held = [span.span() for span in debt.each("held")] if debt.has("held") else []
    old_days, new_days = overdue_days(due, paid, held)
    if not old_days and not new_days:
        return []
    if user == "resident":
        rates = (policy.number("late_fee", "resident"),) * 2
    else:
        rates = (policy.number("late_fee", "other_current_year"), policy.number("late_fee", "other_past_year"))
        reading = policy.get("late_fee", "across_new_year")
        if reading == "past_year_rate_for_all_days" and new_days:
            rates = (rates[1], rates[1])
        elif reading not in ("split_at_1_january", "past_year_rate_for_all_days"):
            raise Refused("policy_wrong", "/policy/late_fee/across_new_year")
    spans = ((f"{name}, old year", old_days, rates[0]), (f"{name}, new year", new_days, rates[1]))
    return [
        product(label, "yuan", (amount, "yuan"), (Fraction(days), "days"), (rate, ""))
        for label, days, rate in spans
        if days
    ]
