"""What a case costs, by a second implementation: from the rules as they are printed, with none of the arithmetic of the product.

Inputs are drawn over all seven calculations; what a case shows (kWh, back-billing, penalty, adjustment) is compared, and each
line is worked out from its own formula.
"""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.billing.cases.domain.calculation import OF_KIND, Working, editions, work_out
from shared.regulation import packaged
from tests.kits.effort import examples
from tests.properties.formula_evaluator import evaluate

EDITIONS = editions(packaged.policies())
IN_1996, IN_2024 = date(2023, 5, 31), date(2026, 2, 3)
HOURS = {"power": 12, "lighting": 6}
Numbers = dict[str, Any]


def decimals(low: int, high: int, places: int = 3) -> st.SearchStrategy[str]:
    return st.integers(low * 10**places, high * 10**places).map(lambda n: str(Decimal(n).scaleb(-places)))


KWH, KW, PRICE, USES = decimals(0, 90_000), decimals(0, 400), decimals(0, 3, 4), st.sampled_from(sorted(HOURS))
DAYS = st.dates(date(2020, 1, 1), date(2023, 5, 31))
SPANS = st.tuples(DAYS, st.integers(1, 900)).map(lambda of: (of[0], of[0] + timedelta(days=of[1])))


def to_fen(yuan: Fraction) -> int:
    """Half a fen counts as one, away from zero."""
    exact = Decimal(yuan.numerator * 100) / Decimal(yuan.denominator)
    near = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    assert 2 * abs(yuan * 100 - near) <= 1
    return near


def work(calculation: str, inputs: Numbers, day: date = IN_1996, **figures: str) -> Working:
    done = work_out(
        EDITIONS, calculation, day, inputs, {name.replace("__", "/"): text for name, text in figures.items()}
    )
    for line in done.items:
        left, _, right = line["formula"].rpartition(" = ")
        if left and " / " not in left:
            assert evaluate(left) == Fraction(right) == Fraction(line["value"]), line
    return done


def compare(done: Working, *, kwh: Fraction = Fraction(0), back: Fraction = Fraction(0), times: int = 0) -> None:
    """Hold energy, back-billing and a penalty of so many times of it, from the yuan that are not rounded yet."""
    assert (done.back_billing_fen, done.penalty_fen) == (to_fen(back), to_fen(back * times))
    assert done.adjustment_fen == 0
    assert done.energy_wh == int(kwh * 1000 + Fraction(1, 2))


def compare_adjustment(done: Working, *, kwh: Fraction, yuan: Fraction) -> None:
    assert (done.adjustment_fen, done.back_billing_fen, done.penalty_fen) == (to_fen(yuan), 0, 0)
    assert abs(Fraction(done.energy_wh) - kwh * 1000) <= Fraction(1, 2)


def loads_of(*prices: str) -> st.SearchStrategy[list[Numbers]]:
    """Draw loads with names, each with prices and, often, days of its own."""

    @st.composite
    def load(draw: st.DrawFn) -> Numbers:
        made: Numbers = {"kw": draw(KW), "use": draw(USES)} | {name: draw(PRICE) for name in prices}
        match draw(st.sampled_from(("days", "span", "unknown"))):
            case "days":
                made["days"] = str(draw(st.integers(0, 900)))
            case "span":
                first, last = draw(SPANS)
                made |= {"from": first.isoformat(), "to": last.isoformat()}
        return made

    def named(loads: list[Numbers]) -> list[Numbers]:
        return [{**one, "name": f"n{at}"} for at, one in enumerate(loads)]

    return st.lists(load(), min_size=1, max_size=4).map(named)


def days_of(load: Numbers, unknown: int) -> int:
    if "days" in load:
        return int(load["days"])
    if "from" in load:
        return (date.fromisoformat(load["to"]) - date.fromisoformat(load["from"])).days
    return unknown


def hours_used(load: Numbers, unknown: int) -> Fraction:
    return Fraction(load["kw"]) * days_of(load, unknown) * HOURS[load["use"]]


@settings(max_examples=examples(30))
@given(loads=loads_of("price"))
def test_theft_is_load_by_hours_by_days_and_three_times_of_it(loads: list[Numbers]) -> None:
    kwh = [hours_used(load, 180) for load in loads]
    back = sum((energy * Fraction(load["price"]) for energy, load in zip(kwh, loads, strict=True)), Fraction(0))
    compare(work("theft", {"loads": loads}), kwh=sum(kwh, Fraction(0)), back=back, times=3)
    open_ = {"theft__times": "2", "theft__unknown_start_days": "180"}
    hours = {f"theft__hours_a_day__{use}": str(n) for use, n in HOURS.items()}
    compare(work("theft", {"loads": loads}, IN_2024, **open_, **hours), kwh=sum(kwh, Fraction(0)), back=back, times=2)


@settings(max_examples=examples(30))
@given(kwh=KWH, price=PRICE)
def test_theft_of_known_energy_is_its_price_and_three_times_of_it(kwh: str, price: str) -> None:
    done = work("theft", {"kwh": kwh, "price": price})
    compare(done, kwh=Fraction(kwh), back=Fraction(kwh) * Fraction(price), times=3)


@settings(max_examples=examples(25))
@given(months=st.lists(KWH, min_size=1, max_size=14), known=st.booleans(), paid=PRICE, more=PRICE)
def test_a_dearer_class_is_the_difference_of_its_months_and_twice_of_it(
    months: list[str], known: bool, paid: str, more: str
) -> None:
    """Where nobody knows since when, of the last three."""
    due = str(Decimal(paid) + Decimal(more))
    inputs = {"months_kwh": months, "start_known": known, "price_paid": paid, "price_due": due}
    kwh = sum(map(Fraction, months if known else months[-3:]), Fraction(0))
    compare(work("class_change", inputs), kwh=kwh, back=kwh * Fraction(more), times=2)


@settings(max_examples=examples(25))
@given(loads=loads_of("price_paid"), more=PRICE, found=st.dates(date(2023, 1, 1), date(2023, 5, 31)))
def test_a_dearer_class_by_loads_goes_back_three_months_where_nobody_knows_since_when(
    loads: list[Numbers], more: str, found: date
) -> None:
    for load in loads:
        load["price_due"] = str(Decimal(load["price_paid"]) + Decimal(more))
    month = (found.month - 4) % 12 + 1
    first, year = None, found.year - (found.month <= 3)
    for day in range(found.day, 0, -1):  # the same day three months before, or the last that its month has
        try:
            first = date(year, month, day)
            break
        except ValueError:
            continue
    assert first is not None
    kwh = sum((hours_used(load, (found - first).days) for load in loads), Fraction(0))
    done = work("class_change", {"loads": loads, "to": found.isoformat()})
    compare(done, kwh=kwh, back=kwh * Fraction(more), times=2)


def months_of(first: date, last: date, by_calendar: bool) -> Fraction:
    """Count day by day: each is a thirtieth of a month, or one of the days that it has; a whole month is one."""
    found, day = dict[tuple[int, int], int](), first
    while day < last:
        found[day.year, day.month] = found.get((day.year, day.month), 0) + 1
        day += timedelta(days=1)
    total = Fraction(0)
    for (year, month), days in found.items():
        has = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
        total += 1 if days == has else Fraction(days, has if by_calendar else 30)
    return total


@settings(max_examples=examples(25))
@given(
    case=st.sampled_from((("private", 3), ("suspended", 2))),
    loads=st.lists(st.tuples(decimals(0, 900), decimals(0, 60, 2), SPANS), min_size=1, max_size=3),
)
def test_capacity_of_a_two_part_price_is_the_basic_charge_of_its_months_and_a_multiple(
    case: tuple[str, int], loads: list[tuple[str, str, tuple[date, date]]]
) -> None:
    name, times = case
    told = [{"kva": kva, "price": price, "from": f"{a}", "to": f"{b}"} for kva, price, (a, b) in loads]
    inputs = {"case": name, "tariff": "two_part", "loads": told}
    for day, by_calendar in ((IN_1996, False), (IN_2024, True)):
        yuan = [Fraction(kva) * Fraction(price) * months_of(*span, by_calendar) for kva, price, span in loads]
        figures = {f"{name}_capacity__times": str(times)} if by_calendar else {}
        compare(work("capacity_without_contract", inputs, day, **figures), back=sum(yuan, Fraction(0)), times=times)


@settings(max_examples=examples(20))
@given(kva=st.lists(decimals(0, 900), min_size=1, max_size=3))
def test_private_capacity_of_others_is_fifty_yuan_for_each_kva(kva: list[str]) -> None:
    done = work(
        "capacity_without_contract", {"case": "private", "tariff": "other", "loads": [{"kva": one} for one in kva]}
    )
    assert (done.back_billing_fen, done.penalty_fen) == (0, to_fen(50 * sum(map(Fraction, kva), Fraction(0))))


RATIOS = st.integers(1, 400)
PARTS = st.lists(st.tuples(KWH, PRICE), min_size=1, max_size=3)


@settings(max_examples=examples(25))
@given(ratio=RATIOS, phases=st.lists(RATIOS, min_size=1, max_size=3), parts=PARTS)
def test_wrong_wiring_is_what_the_phases_recorded_too_little_of(
    ratio: int, phases: list[int], parts: list[tuple[str, str]]
) -> None:
    """The right transformers would have let `ratio` of it through in each phase; the wrong ones did by their own."""
    told = [{"name": f"p{at}", "kwh": kwh, "price": price} for at, (kwh, price) in enumerate(parts)]
    inputs = {"transformers": {"ratio": f"{ratio}/5", "phases": [f"{one}/5" for one in phases]}, "parts": told}
    right = Fraction(len(phases))
    wrong = sum((Fraction(ratio, one) for one in phases), Fraction(0))
    short = (right - wrong) / wrong
    kwh = sum((Fraction(one) for one, _ in parts), Fraction(0)) * short
    yuan = sum((Fraction(one) * Fraction(price) for one, price in parts), Fraction(0)) * short
    compare_adjustment(work("wrong_wiring", inputs), kwh=kwh, yuan=yuan)


@settings(max_examples=examples(30))
@given(kwh=KWH, price=PRICE, used=RATIOS, true=RATIOS, percent=st.integers(-90, 200))
def test_a_multiplier_a_fuse_and_an_erring_meter_are_what_was_recorded_against_what_is_true(
    kwh: str, price: str, used: int, true: int, percent: int
) -> None:
    energy, yuan = Fraction(kwh), Fraction(price)
    turned = energy / used  # what the register itself showed
    done = work("wrong_multiplier", {"kwh": kwh, "used": str(used), "true": str(true), "price": price})
    compare_adjustment(done, kwh=turned * true - energy, yuan=(turned * true - energy) * yuan)

    normal = str(true * 10)
    done = work("fuse_blown", {"normal_kwh": normal, "fault_kwh": kwh, "price": price})
    compare_adjustment(done, kwh=Fraction(normal) - energy, yuan=(Fraction(normal) - energy) * yuan)

    error = Fraction(percent, 100)
    done = work("meter_error", {"kwh": kwh, "error": str(Decimal(percent) / 100), "price": price})
    too_much = energy - energy / (1 + error)
    compare_adjustment(done, kwh=-too_much / 2, yuan=-too_much / 2 * yuan)


@pytest.mark.parametrize("calculation", sorted({name for names in OF_KIND.values() for name in names}))
def test_each_calculation_of_a_case_has_a_second_one_here(calculation: str) -> None:
    with open(__file__, encoding="utf-8") as text:
        assert f'work("{calculation}"' in text.read()
