"""Late fees and outage compensation of many customers as columns are those of one customer at a time."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.exact import text
from shared.regulation import bulk, late_fee, packaged
from shared.regulation.calculate import calculate
from shared.regulation.codes import Refused
from shared.regulation.policy import load_policy
from tests.kits.effort import examples

DOCUMENT = next(p for p in packaged.policies() if p["version"] == "1996")
NEWER = load_policy(next(p for p in packaged.policies() if p["version"] == "2024"))
READINGS = ("split_at_1_january", "past_year_rate_for_all_days")
NEW_YEAR = date(2011, 1, 1)
RATES = st.sampled_from(["0", "0.001", "0.002", "0.003", "1/7"])
DEBTS = st.tuples(st.integers(0, 2_000_000), st.integers(-800, 40))  # fen, due day from New Year


@settings(max_examples=examples(60))
@given(
    customers=st.lists(st.tuples(st.booleans(), st.lists(DEBTS, max_size=4)), min_size=1, max_size=6),
    paid=st.integers(-40, 40),
    rates=st.tuples(RATES, RATES, RATES),
    minimum=st.sampled_from(["0", "1", "0.015"]),
    reading=st.sampled_from(READINGS),
)
def test_late_fees_of_many_are_those_of_each(
    customers: list[tuple[bool, list[tuple[int, int]]]], paid: int, rates: Any, minimum: str, reading: str
) -> None:
    names = ("resident", "other_current_year", "other_past_year")
    rules = DOCUMENT["late_fee"] | dict(zip(names, rates, strict=True))
    policy = load_policy({**DOCUMENT, "late_fee": rules | {"minimum": minimum, "across_new_year": reading}})
    day = NEW_YEAR + timedelta(days=paid)
    rows = [(i, fen, NEW_YEAR + timedelta(days=due)) for i, (_, debts) in enumerate(customers) for fen, due in debts]
    got = bulk.late_fees(
        policy,
        day,
        np.array([home for home, _ in customers], dtype=np.bool_),
        np.array([i for i, _, _ in rows], dtype=np.int64),
        np.array([fen for _, fen, _ in rows], dtype=np.int64),
        np.array([due for _, _, due in rows], dtype="datetime64[D]"),
    )
    assert not got.apart.any()
    for i, (home, _) in enumerate(customers):
        debts = [{"name": f"{n}", "amount": text(fen, 100), "due": due.isoformat()}
                 for n, (own, fen, due) in enumerate(rows) if own == i]  # fmt: skip
        inputs = {"user": "resident" if home else "other", "paid": day.isoformat(), "debts": debts}
        *_, total = calculate(policy, "late_fee", inputs)
        assert (Fraction(int(got.num[i]), got.den), int(got.fen[i])) == (total.value * 100, total.amount_fen)


SPANS = st.lists(st.tuples(st.integers(-60, 60), st.integers(0, 30)), max_size=3)
PARTS = st.tuples(st.integers(0, 2_000_000), st.integers(-80, 20), st.integers(-40, 80), SPANS)


@settings(max_examples=examples(60))
@given(
    customers=st.lists(st.tuples(st.booleans(), st.lists(PARTS, max_size=4)), min_size=1, max_size=5),
    reading=st.sampled_from(READINGS),
)
def test_parts_that_were_paid_on_days_of_their_own_and_held_on_some_are_those_of_each(
    customers: list[tuple[bool, list[tuple[int, int, int, list[tuple[int, int]]]]]], reading: str
) -> None:
    policy = load_policy({**DOCUMENT, "late_fee": DOCUMENT["late_fee"] | {"across_new_year": reading}})

    def day(number: int) -> date:
        return NEW_YEAR + timedelta(days=number)

    rows = [(i, *part) for i, (_, parts) in enumerate(customers) for part in parts]
    held = [
        (n, start, stop)
        for n, (*_, spans) in enumerate(rows)
        for start, stop in late_fee.apart((day(start), day(start + days)) for start, days in spans)
    ]
    got = bulk.late_fees(
        policy,
        np.array([day(paid) for _, _, _, paid, _ in rows], dtype="datetime64[D]"),
        np.array([home for home, _ in customers], dtype=np.bool_),
        np.array([i for i, *_ in rows], dtype=np.int64),
        np.array([fen for _, fen, *_ in rows], dtype=np.int64),
        np.array([day(due) for _, _, due, *_ in rows], dtype="datetime64[D]"),
        bulk.Held(
            np.array([n for n, _, _ in held], dtype=np.int64),
            np.array([start for _, start, _ in held], dtype="datetime64[D]"),
            np.array([stop for _, _, stop in held], dtype="datetime64[D]"),
        ),
    )
    for i, (home, _) in enumerate(customers):
        debts = [
            {
                "name": str(n),
                "amount": text(fen, 100),
                "due": str(day(due)),
                "paid": str(day(paid)),
                "held": [{"from": str(day(start)), "to": str(day(start + days))} for start, days in spans if days],
            }
            for n, (own, fen, due, paid, spans) in enumerate(rows)
            if own == i
        ]
        inputs = {"user": "resident" if home else "other", "paid": str(NEW_YEAR), "debts": debts}
        *_, total = calculate(policy, "late_fee", inputs)
        assert (Fraction(int(got.num[i]), got.den), int(got.fen[i])) == (total.value * 100, total.amount_fen)


def fees(policy: Any, home: bool, fen: int, due: str) -> bulk.Amounts:
    return bulk.late_fees(
        policy,
        date(2011, 1, 18),
        np.array([home]),
        np.array([0]),
        np.array([fen]),
        np.array([due], dtype="datetime64[D]"),
    )


def test_both_readings_of_a_late_fee_across_new_year() -> None:
    by = {r: load_policy({**DOCUMENT, "late_fee": {**DOCUMENT["late_fee"], "across_new_year": r}}) for r in READINGS}
    found = {reading: fees(policy, False, 200_000, "2010-12-15").fen.tolist() for reading, policy in by.items()}
    assert found == {"split_at_1_january": [17_200], "past_year_rate_for_all_days": [20_400]}


def test_a_fee_that_could_overflow_is_set_apart() -> None:
    policy = load_policy(DOCUMENT)
    assert fees(policy, False, 2**61, "2010-12-15").apart.tolist() == [True]
    assert fees(policy, False, 2**40, "2010-12-15").apart.tolist() == [False]


@pytest.mark.parametrize("home", [True, False])
def test_a_rate_that_the_policy_leaves_open_is_refused_where_a_debt_needs_it(home: bool) -> None:
    with pytest.raises(Refused) as caught:
        fees(NEWER, home, 1, "2010-12-15")
    name = "resident" if home else "other_current_year"
    assert (caught.value.code, caught.value.pointer) == (
        "policy_unconfirmed",
        f"/policies/CN/supply-rules/late_fee/{name}",
    )


@pytest.mark.parametrize(("rule", "reading"), [("days", "from_the_due_day"), ("across_new_year", "neither")])
def test_a_reading_that_is_not_known_is_refused(rule: str, reading: str) -> None:
    with pytest.raises(Refused) as caught:
        fees(load_policy({**DOCUMENT, "late_fee": {**DOCUMENT["late_fee"], rule: reading}}), False, 1, "2010-12-15")
    assert (caught.value.code, caught.value.pointer) == ("policy_wrong", f"/policy/late_fee/{rule}")


def test_what_is_below_zero_is_refused_in_columns_as_one_by_one() -> None:
    with pytest.raises(Refused, match="amount_fen"):
        fees(load_policy(DOCUMENT), True, -1, "2010-12-15")
    one, below = np.array([1]), np.array([-1])
    for minutes, wh, name in ((below, one, "minutes"), (one, below, "month_wh")):
        with pytest.raises(Refused, match=name):
            bulk.outage_compensation(load_policy(DOCUMENT), minutes, wh, [Fraction(1)], np.array([0]))


@settings(max_examples=examples(60))
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 30 * 24 * 60), st.integers(0, 10**10), st.integers(0, 2)), min_size=1, max_size=6
    ),
    times=st.sampled_from(["4", "5", "1.5"]),
)
def test_the_outage_compensation_of_many_is_that_of_each(rows: list[tuple[int, int, int]], times: str) -> None:
    policy = load_policy({**DOCUMENT, "outage": {**DOCUMENT["outage"], "times": times}})
    prices = ["0.538", "0.3583", "1"]
    minutes, wh, price = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    got = bulk.outage_compensation(policy, minutes, wh, [Fraction(p) for p in prices], price)
    assert not got.apart.any()
    for i, (out, used, which) in enumerate(rows):
        inputs = {"hours": f"{out}/60", "month_kwh": text(used, 1000), "price": prices[which]}
        item = calculate(policy, "outage_compensation", inputs)[-1]
        assert (Fraction(int(got.num[i]), got.den), int(got.fen[i])) == (item.value * 100, item.amount_fen)


def test_a_compensation_that_could_overflow_is_set_apart() -> None:
    rows = [np.array(values, dtype=np.int64) for values in ([60, 60], [2**61, 1000], [0, 0])]
    got = bulk.outage_compensation(load_policy(DOCUMENT), rows[0], rows[1], [Fraction(1, 2)], rows[2])
    assert got.apart.tolist() == [True, False]
