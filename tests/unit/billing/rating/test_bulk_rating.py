"""The bulk implementation: its integer columns, what it leaves to the reference, and the second opinion on every bill."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from math import isqrt
from random import Random
from typing import Any

import numpy as np
import pytest

from services.billing.rating import rating, second_opinion
from services.billing.rating.bulk import engine, forms
from services.billing.rating.bulk import rate as bulk
from services.billing.rating.bulk.two_part import power_factor
from shared import arrays, exact
from shared.arrays import SAFE, Col, Rows

DOCUMENT: dict[str, Any] = {
    "id": "t",
    "version": 1,
    "effective": {"from": "2020-01-01", "to": None},
    "sources": [{"for": "everything", "text": "made up"}],
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
    "on_change": {
        "usage": "split_by_days",
        "ladder": "what_tiers_used_is_kept",
        "limits": "new_limits_for_the_whole_year",
    },
    "ladders": {
        "year": {
            "counts": "import",
            "span": "year",
            "year_starts": "01-01",
            "cycle_belongs_to": "read_day",
            "limits_kwh": ["2760", "4800"],
            "part_year": "whole_year",
        }
    },
    "charges": [
        {"name": "tiers", "kind": "ladder_price", "ladder": "year", "price": ["0.538", "0.588", "0.838"]},
        {"name": "levy", "kind": "energy", "price": "0.00196875"},
    ],
}


def book(**changes: Any) -> rating.TariffBook:
    return rating.load_book([DOCUMENT | changes])


def request(wh: int, used: int = 0, people: int = 3, opened: date = date(2021, 5, 1)) -> rating.Request:
    return rating.request(
        contract="c",
        tariff="t",
        period=(date(2026, 3, 1), date(2026, 4, 1)),
        bill_months=[date(2026, 3, 1)],
        usage_wh={"import": wh},
        facts=[rating.AccountSpan(opened, people=people)],
        state={"ladders": {"year": {"year": 2026, "used_wh": [used, 0, 0]}}},
    )


def column(*values: int) -> Col:
    array = np.array(values, dtype=np.int64)
    return Col(array, int(array.min()), int(array.max()))


# --- columns


@pytest.mark.parametrize("mode", ["half_up", "down", "half_even"])
@pytest.mark.parametrize("den", [1, 2, 3, 4, 10, 999, 10**9, SAFE, SAFE + 1])
def test_a_column_is_divided_and_rounded_as_single_numbers_are(mode: str, den: int) -> None:
    values = sorted({s * (k * den // 2 + d) for k in range(5) for d in (-1, 0, 1) for s in (-1, 1)})
    values = [v for v in values if abs(v) <= SAFE] or [0]
    rows = Rows(len(values))
    got = rows.divide(column(*values), den, mode)
    apart = rows.apart if rows.apart is not None else np.zeros(len(values), dtype=bool)
    for value, quotient, left in zip(values, got.v.tolist(), apart.tolist(), strict=True):
        assert left or quotient == exact.divide(value, den, mode)
        assert left or got.lo <= quotient <= got.hi
    assert not apart.any() or den > 10**9
    assert not apart[values.index(0)]


@pytest.mark.parametrize("values", [[0], [0, 1, 5], [1], [0, -1, -5], [-1], [7, 12], [-12, -7], [-3, 0, 3], [-1, 1]])
@pytest.mark.parametrize("mode", ["half_up", "down", "half_even"])
@pytest.mark.parametrize("den", [1, 2, 3, 10])
def test_the_bounds_of_a_division_hold_and_are_no_wider(values: list[int], mode: str, den: int) -> None:
    got = Rows(len(values)).divide(column(*values), den, mode)
    assert got.v.tolist() == [exact.divide(value, den, mode) for value in values]
    assert (got.lo, got.hi) == (got.v.min(), got.v.max())


@pytest.mark.parametrize("values", [[0], [0, 1], [1], [-1, 0], [-3, -2], [-3, 4], [5, 6]])
def test_the_bounds_of_what_is_cut_at_zero_are_exact(values: list[int]) -> None:
    rows = Rows(len(values))
    cut = rows.at_least_zero(column(*values))
    assert (cut.lo, cut.hi) == (max(min(values), 0), max(max(values), 0))
    kept = rows.only(np.array([True] * len(values)), column(*values))
    assert (kept.lo, kept.hi) == (min(min(values), 0), max(max(values), 0))


def test_an_unknown_rounding_mode_is_no_way_to_make_an_integer() -> None:
    with pytest.raises(ValueError, match="up"):
        Rows(1).divide(column(5), 2, "up")


def test_only_the_row_that_would_overflow_is_set_apart() -> None:
    rows = Rows(4)
    product = rows.times(column(5, SAFE // 1000, SAFE // 1000 + 1, -(SAFE // 1000) - 1), 1000)
    assert rows.apart is not None
    assert rows.apart.tolist() == [False, False, True, True]
    assert product.v[:2].tolist() == [5000, SAFE // 1000 * 1000]
    assert (product.lo, product.hi) == (-(SAFE // 1000) * 1000, SAFE // 1000 * 1000)
    high = rows.times(column(5, SAFE // 10, 7, 8), 100)
    assert (high.lo, high.hi) == (0, SAFE // 100 * 100), "the bounds end where the rows do"


@pytest.mark.parametrize("values", [[SAFE], [-SAFE], [SAFE, SAFE - 1], [-SAFE, 1], [SAFE, 1]])
def test_the_bounds_hold_the_zeros_that_stand_for_rows_set_apart(values: list[int]) -> None:
    rows = Rows(len(values))
    product = rows.times(column(*values), 4)
    assert rows.apart is not None
    assert product.lo <= product.v.min()
    assert product.v.max() <= product.hi
    assert max(-product.lo, product.hi) <= SAFE


def test_a_product_of_columns_sets_apart_the_rows_that_overflow() -> None:
    rows = Rows(3)
    product = rows.product(column(2**40, -(2**40), 3), column(2**21, 2**23, -(2**60)))
    assert rows.apart is not None
    assert rows.apart.tolist() == [False, True, False]
    assert product.v[[0, 2]].tolist() == [2**61, -3 * 2**60]


def test_a_sum_beyond_the_safe_range_is_set_apart() -> None:
    rows = Rows(2)
    total = rows.plus(column(SAFE, 1), column(1, 1))
    assert rows.apart is not None
    assert (rows.apart.tolist(), total.v[1]) == ([True, False], 2)


def test_the_bounds_of_every_operation_hold_for_every_row() -> None:
    random = Random(4)
    for _ in range(300):
        rows = Rows(6)
        a, b = (column(*(random.randint(-50, 50) for _ in range(6))) for _ in range(2))
        mask = np.array([random.random() < 0.5 for _ in range(6)])
        results = [
            (rows.plus(a, b), a.v + b.v),
            (rows.minus(a, b), a.v - b.v),
            (rows.product(a, b), a.v * b.v),
            (rows.times(a, -7), a.v * -7),
            (rows.times(a, 0), a.v * 0),
            (rows.least(a, b), np.minimum(a.v, b.v)),
            (rows.most(a, b), np.maximum(a.v, b.v)),
            (rows.choose(mask, a, b), np.where(mask, a.v, b.v)),
            (rows.only(mask, a), np.where(mask, a.v, 0)),
            (rows.at_least_zero(a), np.maximum(a.v, 0)),
            (rows.total([a, b, a]), a.v + b.v + a.v),
        ]
        for col, expected in results:
            assert np.array_equal(col.v, expected)
            assert col.lo <= col.v.min()
            assert col.v.max() <= col.hi
        assert rows.apart is None


def test_shares_are_floors_and_one_more_for_the_largest_remainders() -> None:
    random = Random(5)
    for _ in range(300):
        weights = [[random.randint(0, 9) for _ in range(5)] for _ in range(random.randint(1, 4))]
        whole = [random.randint(-30, 90) for _ in range(5)]
        shares = arrays.by_share(Rows(5), column(*whole), [column(*w) for w in weights])
        for row in range(5):
            mine, own = [w[row] for w in weights], [int(s.v[row]) for s in shares]
            assert sum(own) == whole[row]
            if sum(mine) == 0:
                assert own[:-1] == [0] * (len(own) - 1)
                continue
            rests = [Fraction(whole[row] * w, sum(mine)) - share for w, share in zip(mine, own, strict=True)]
            assert all(-1 < rest < 1 for rest in rests)
            raised = [(-(rest + 1), i) for i, rest in enumerate(rests) if rest < 0]
            kept = [(-rest, i) for i, rest in enumerate(rests) if rest >= 0]
            assert not raised or not kept or max(raised) < min(kept)


def test_cos_phi_in_hundredths_is_exact_at_its_borders() -> None:
    pairs = [(1, 0), (1, 10**9), (3, 4), (4, 3), (10**15, 1), (7, 10**15), (1, 199), (1, 200), (5, -12)]
    for m in range(1, 200, 2):
        # R² m² = A² (40000 − m²) on the border; whole numbers around it
        for active in (10**6, 10**9 + 7, 123_456_789_012):
            border = isqrt(active * active * (40000 - m * m) // (m * m))
            pairs += [(active, max(border + d, 0)) for d in (-1, 0, 1, 2)]
    active, reactive = (np.array(x, dtype=np.int64) for x in zip(*pairs, strict=True))
    expected = []
    for a, r in pairs:
        twice_200 = isqrt(40000 * a * a // (a * a + r * r))
        expected.append((twice_200 + 1) // 2)
    assert power_factor.hundredths(active, reactive).tolist() == expected


def test_nothing_adds_up_to_zeros() -> None:
    assert Rows(2).total([]).v.tolist() == [0, 0]


# --- forms


def test_accounts_opened_long_ago_with_other_people_below_every_mark_are_of_one_form() -> None:
    own = book()
    marks = forms.people_marks(own)
    first = forms.form_of(request(1, people=1, opened=date(2012, 3, 4)), marks)
    assert first == forms.form_of(request(900, used=7, people=4, opened=date(2021, 5, 1)), marks)
    assert first != forms.form_of(request(1, opened=date(2025, 12, 31)), marks)


def test_people_count_where_a_rule_asks_for_them() -> None:
    ladder = DOCUMENT["ladders"]["year"] | {
        "household": {
            "from_people": 5,
            "kwh_per_month": "100",
            "widens": "tier_1",
            "from": "month_of_registration",
        }
    }
    own = book(ladders={"year": ladder})
    marks = forms.people_marks(own)
    assert marks == (5,)
    assert forms.form_of(request(1, people=4), marks) != forms.form_of(request(1, people=5), marks)
    assert forms.form_of(request(1, people=9), marks) == forms.form_of(request(1, people=5), marks)


# --- what is left to the reference, and the second opinion


def test_a_bill_that_could_overflow_goes_to_the_reference_and_is_counted() -> None:
    fine = {"name": "fine", "kind": "energy", "price": "0.123456789013"}
    own = book(charges=[*DOCUMENT["charges"], fine])
    requests = [request(300_000), request(10**15), request(200_000, used=2_700_000)]
    assert [bill is None for bill in bulk.rate(requests, own)] == [False, True, False]
    bills, counts = second_opinion.rate(requests, own)
    assert counts == second_opinion.Counts(rated=3, refused=0, alone=1, differing=0)
    assert [b.total_fen for b in bills] == [b.total_fen for b in rating.rate(requests, own)]


def test_a_number_that_no_column_holds_goes_to_the_reference() -> None:
    own = book()
    assert [b is None for b in bulk.rate([request(1), request(1, used=2**70)], own)] == [False, True]


@pytest.mark.parametrize(
    "entry",
    [
        {"year": "2026", "used_wh": [0, 0, 0]},
        {"used_wh": [0, 0, 0]},
        {"year": 2026, "used_wh": None},
        {"year": 2026, "used_wh": {"a": 7}},
        {"year": 2026, "used_wh": ["a", "b", "c"]},
        7,
    ],
)
def test_a_request_that_is_not_well_formed_is_left_to_the_reference_and_harms_no_other(entry: Any) -> None:
    wrong = replace(request(1), state={"ladders": {"year": entry}})
    assert [b is None for b in bulk.rate([request(1), wrong, request(2)], book())] == [False, True, False]


def test_a_planted_fault_holds_the_bill_with_a_finding() -> None:
    own, requests = book(), [request(300_000), request(200_000)]

    def faulty(asked: Any, in_: rating.TariffBook) -> list[rating.RatedBill | None]:
        first, second = bulk.rate(asked, in_)
        assert first is not None
        line = replace(first.lines[0], amount_fen=first.lines[0].amount_fen + 1)
        return [replace(first, lines=(line, *first.lines[1:]), total_fen=first.total_fen + 1), second]

    bills, counts = second_opinion.rate(requests, own, faulty)
    assert counts.differing == 1
    assert [(f.code, f.severity, f.pointer) for f in bills[0].findings] == [("bill_differs", "hold", "/lines/0")]
    assert bills[1].findings == ()


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"total_fen": 1}, "/total_fen"),
        ({"tax_fen": 1}, "/tax_fen"),
        ({"currency": "EUR"}, "/currency"),
        ({"state": {}}, "/state"),
        ({"lines": ()}, "/lines/0"),
        ({"tariffs": ()}, "/tariffs"),
        ({"quantities_wh": {}}, "/quantities_wh"),
        ({"findings": (rating.Finding("a", "warn", "", ""),)}, "/findings"),
        ({"refusal": rating.Finding("a", "refused", "", "")}, "/refusal"),
    ],
)
def test_every_part_of_a_bill_is_compared(changed: dict[str, Any], pointer: str) -> None:
    own, requests = book(), [request(300_000)]
    (bill,) = bulk.rate(requests, own)
    assert bill is not None
    assert second_opinion.difference(bill, bill) is None
    _, counts = second_opinion.rate(requests, own, lambda asked, in_: [bill])
    assert counts.differing == 0
    (held,), counts = second_opinion.rate(requests, own, lambda asked, in_: [replace(bill, **changed)])
    assert (counts.differing, held.findings[-1].code, held.findings[-1].pointer) == (1, "bill_differs", pointer)


def test_a_bill_that_only_the_bulk_implementation_refuses_is_held() -> None:
    own, requests = book(), [request(300_000)]
    (bill,) = rating.rate([replace(requests[0], state=None)], own)
    assert bill.refusal is not None
    (answer,), _ = second_opinion.rate(requests, own, lambda asked, in_: [bill])
    assert answer.refusal is None
    assert answer.lines
    assert [f.code for f in answer.findings] == ["bill_differs"]


def test_a_request_that_both_refuse_has_the_refusal_of_the_reference_alone() -> None:
    own = book()
    wrong = replace(request(1), state=None)
    assert second_opinion.rate([wrong], own)[0] == rating.rate([wrong], own)


def test_lines_that_are_not_rounded_stand_with_their_exact_values_in_a_minimum() -> None:
    charges = [*DOCUMENT["charges"], {"name": "least", "kind": "minimum", "price": "200", "on": ["tiers"]}]
    rounding = {"line": {"step": "0.01", "mode": "none"}, "total": {"step": "0.01", "mode": "half_up"}}
    own = book(charges=charges, rounding=rounding)
    for (bill,) in (rating.rate([request(300_000)], own), bulk.rate([request(300_000)], own)):
        assert bill is not None
        assert [line.exact.fraction() for line in bill.lines if line.charge == "least"] == [200 - Fraction("161.4")]


# --- batches


def test_no_bills_are_rated_to_empty_columns() -> None:
    plan = forms.plan(request(1), book())
    nothing = {key: np.zeros(0, dtype=np.int64) for key in plan.keys}
    rated = engine.rate_columns(plan, nothing, 0)
    assert (rated.n, len(rated.total_fen.v), rated.lines) == (0, 0, ())


def test_a_batch_is_rated_in_chunks_with_the_same_bills(monkeypatch: pytest.MonkeyPatch) -> None:
    own, requests = book(), [request(1000 * n) for n in range(10)]
    whole = bulk.rate(requests, own)
    monkeypatch.setattr(bulk, "ROWS_MAX", 3)
    assert bulk.rate(requests, own) == whole


def test_a_plan_rates_further_columns_as_it_did_the_first() -> None:
    own, first, second = book(), request(300_000), request(100_000, used=2_700_000)
    plan = forms.plan(first, own)
    for asked in (first, second, first):
        columns_of, apart = forms.columns(plan, [asked])
        rated = engine.rate_columns(plan, columns_of, 1)
        assert not apart.any()
        assert rated.total_fen.v.tolist() == [rating.rate_one(asked, own).total_fen]


def test_two_currencies_in_one_cycle_are_refused_by_both() -> None:
    dates = [("2020-01-01", "2026-03-10"), ("2026-03-10", "2026-03-20"), ("2026-03-20", None)]
    documents = [
        DOCUMENT | {"version": n, "effective": {"from": a, "to": b}, "currency": "EUR" if n == 2 else "CNY"}
        for n, (a, b) in enumerate(dates, 1)
    ]
    own = rating.load_book(documents)
    for (bill,) in (rating.rate([request(1)], own), bulk.rate([request(1)], own)):
        assert bill is not None
        assert bill.refusal is not None
        assert bill.refusal.code == "currency_mismatch"


def test_a_curve_with_a_slot_that_no_column_holds_is_left_to_the_reference() -> None:
    slots = [1] * 24 * 31
    start = datetime(2026, 2, 28, 16, tzinfo=UTC)
    asked = []
    for first in (1, 2**63):
        curve = rating.Curve("import", start, 60, [first, *slots[1:]])
        part = replace(request(0).usage[0], wh={}, curves=(curve,))
        asked.append(replace(request(0), usage=(part,)))
    assert [b is None for b in bulk.rate(asked, book())] == [False, True]
