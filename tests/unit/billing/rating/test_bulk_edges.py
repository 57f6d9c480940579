"""Edges at which the bulk implementation goes another way than the reference: the bill is the same."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.billing.rating import rating
from shared.exact import Exact
from tests.unit.billing.rating.beside import both, by_curve, document
from tests.unit.billing.rating.documents import HOME, PLAIN

ZONE = "Asia/Shanghai"
DAY, NEXT = date(2025, 6, 1), date(2025, 6, 2)
BY_CURVE = {"name": "demand", "kind": "demand", "price": "30", "basis": "actual", "from_curve": "import",
            "month": "calendar_days"}  # fmt: skip


def test_demand_of_quarters_below_zero_is_the_highest_of_the_others() -> None:
    book = document(PLAIN, charges=[BY_CURVE])
    (bill,) = both([by_curve(DAY, NEXT, 15, [-4000, 1000, -1, 500], ZONE)], book)
    assert [line.quantity for line in bill.lines] == [4000]


def test_every_slot_of_a_tariff_without_periods_counts_from_the_first_minute_on() -> None:
    energy = {"name": "energy", "kind": "energy", "price": "0.5"}
    (bill,) = both([by_curve(DAY, NEXT, 1, [60], ZONE)], document(PLAIN, charges=[energy]))
    assert bill.quantities_wh == {"import": 24 * 60 * 60}


def hourly(prices: list[str], minutes: int = 60) -> rating.TariffBook:
    series = {"series": "hours", "unit": "CNY/kWh", "source": "a test", "interval_minutes": minutes,
              "days": {DAY.isoformat(): prices}}  # fmt: skip
    charge = {"name": "hourly", "kind": "energy", "by": "interval", "price": {"series": "hours"}}
    return rating.load_book([series, {**PLAIN, "id": "t", "series_at": "read_day", "charges": [charge]}])


@pytest.mark.parametrize("count", [22, 23, 24, 25])
def test_a_day_with_too_few_prices_is_refused(count: int) -> None:
    (bill,) = both(
        [by_curve(DAY, NEXT, 60, [1000], ZONE)], hourly(["1", "0.5"] * 12 + ["9"] if count > 24 else ["1"] * count)
    )
    assert (bill.refusal.code if bill.refusal else "") == ("price_missing" if count < 24 else "")


def test_every_hour_is_priced_by_its_own_price() -> None:
    (bill,) = both([by_curve(DAY, NEXT, 15, [250, 250, 250, 251], ZONE)], hourly([f"0.{n:03}" for n in range(24)]))
    assert [line.exact.fraction() * 10**6 for line in bill.lines] == [276 * 1001]


@pytest.mark.parametrize(("months", "outside", "refused"), [
    ((1,), [1, 2], False), ((1, 2), [1, 2], False), ((1, 3), [1, 2], True), ((3, 1), [1, 2], True), ((3,), [1, 2], False),
])  # fmt: skip
def test_a_cycle_partly_in_months_outside_the_ladder_is_refused(
    months: tuple[int, ...], outside: list[int], refused: bool
) -> None:
    ladder = {**HOME["ladders"]["year"], "outside_months": outside}
    asked = replace(at_home(5_000_000, 0), bill_months=tuple(date(2026, m, 1) for m in months))
    (bill,) = both([asked], document(HOME, ladders={"year": ladder}))
    assert (bill.refusal.code if bill.refusal else "") == ("outside_months_mixed" if refused else "")


def at_home(peak: int, valley: int, **more: Any) -> rating.Request:
    return rating.request(
        contract="c", tariff="t", period=(date(2026, 1, 2), date(2026, 2, 2)), bill_months=[date(2026, 1, 1)],
        usage_wh={"import.peak": peak, "import.valley": valley}, facts=[rating.AccountSpan(date(2020, 1, 1))],
        state={"ladders": {"year": {"year": 2026, "used_wh": [2_700_000, 0, 0]}}}, **more,
    )  # fmt: skip


@pytest.mark.parametrize("how", ["before_ladder", "credit_at_tier_1"])
@pytest.mark.parametrize("by", ["registers", "curve"])
def test_free_energy_is_taken_off_the_periods_before_they_share_the_tiers(how: str, by: str) -> None:
    free = {"kwh_per_month": "15.001", "how": how, "rest": "lost"}
    ladder = {**HOME["ladders"]["year"], "free": free}
    split = "by_share" if by == "registers" else "in_time_order"
    add_on = {"name": "add-on", "kind": "ladder_add_on", "ladder": "year", "tier_kwh_of_periods": split,
              "add": {"peak": ["0.01", "0.05", "0.30"], "valley": ["0.02", "0.04", "0.20"]}}  # fmt: skip
    credit = {"name": "free", "kind": "credit", "ladder": "year", "price": "0.5"}
    book = document(HOME, ladders={"year": ladder}, charges=[HOME["charges"][0], add_on, credit])
    if by == "registers":
        asked = [at_home(peak, valley) for peak, valley in ((100_001, 70_003), (10_000, 0), (0, 0), (-5, 9))]
    else:
        state = {"ladders": {"year": {"year": 2026, "used_wh": [2_700_000, 0, 0]}}}
        first = date(2026, 1, 1)
        asked = [by_curve(first, first + timedelta(days=31), 60, wh, ZONE, state=state) for wh in ([100], [301, 0, 7])]
    bills = both(asked, book)
    counted = sum(line.quantity or 0 for line in bills[0].lines if line.charge == "add-on")
    total = sum(wh for name, wh in bills[0].quantities_wh.items() if name == "import")
    assert counted == total - 15_001 * (how == "before_ladder")


@pytest.mark.parametrize("starts", ["01-01", "07-01"])
@pytest.mark.parametrize(
    ("from_", "to", "cut"),
    [
        (date(2025, 12, 15), date(2026, 1, 15), "01-01"),
        (date(2026, 6, 20), date(2026, 7, 10), "07-01"),
        (date(2026, 1, 1), date(2026, 2, 1), ""),
        (date(2026, 2, 3), date(2026, 3, 3), ""),
    ],
)
@pytest.mark.parametrize("moved", [None, 1, 5])
def test_a_cycle_over_the_end_of_the_ladder_year_is_cut_there_and_nowhere_else(
    starts: str, from_: date, to: date, cut: str, moved: int | None
) -> None:
    ladder = {**HOME["ladders"]["year"], "cycle_belongs_to": "split_at_year_end", "year_starts": starts}
    facts = [rating.AccountSpan(date(2020, 1, 1), people=2)]
    if moved is not None:  # a fact that changes no charge cuts nothing, wherever in the month it begins
        day = to.replace(day=moved)
        facts = [replace(facts[0], to=day), replace(facts[0], from_=day, people=3)]
    year = from_.year - (from_.month < int(starts[:2]))
    asked = rating.request(
        contract="c", tariff="t", period=(from_, to), bill_months=[from_.replace(day=1)], facts=facts,
        usage_wh={"import.peak": 3_000_001, "import.valley": 70_000},
        state={"ladders": {"year": {"year": year, "used_wh": [2_000_000, 0, 0]}}},
    )  # fmt: skip
    (bill,) = both([asked], document(HOME, ladders={"year": ladder}))
    assert len({line.from_ for line in bill.lines}) == 1 + (cut == starts)


@pytest.mark.parametrize("minutes", [5, 15])
def test_each_of_two_tariffs_has_the_demand_of_its_own_days(minutes: int) -> None:
    demand = {**BY_CURVE, "month": "calendar_days"}
    dates = {"effective": {"from": "2020-01-01", "to": None}, "charges": [demand]}
    book = rating.load_book([{**PLAIN, **dates, "id": "t"}, {**PLAIN, **dates, "id": "u"}])
    asked = by_curve(DAY, DAY + timedelta(days=4), minutes, [100], ZONE)
    (curve,) = asked.usage[0].curves
    slots = list(curve.wh)
    slots[7], slots[-2] = 700, 500  # on the first day and on the last
    for cut in (1, 3):
        day = DAY + timedelta(days=cut)
        facts = (replace(asked.facts[0], to=day), rating.AccountSpan(day, tariff="u"))
        part = replace(asked.usage[0], curves=(replace(curve, wh=slots),))
        (bill,) = both([replace(asked, facts=facts, usage=(part,))], book)
        highest = {line.tariff: line.quantity for line in bill.lines}
        assert highest == ({"t": 2800, "u": 2000} if minutes == 15 else {"t": 3600, "u": 2800})


@pytest.mark.parametrize(("year", "kept"), [(2026, True), (2025, False)])
def test_a_period_that_the_tariff_no_longer_has_keeps_what_it_used_in_the_year(year: int, kept: bool) -> None:
    limits = {"by_period": {"peak": ["100", "200"], "valley": ["50", "80"]}}
    ladder = {name: value for name, value in HOME["ladders"]["year"].items() if name != "household"}
    add = {"name": "add-on", "kind": "ladder_add_on", "ladder": "year", "tier_kwh_of_periods": "own_limits_per_period",
           "add": {"peak": ["0", "0.05", "0.30"], "valley": ["0", "0.04", "0.20"]}}  # fmt: skip
    book = document(HOME, ladders={"year": ladder | {"limits_kwh": limits}}, charges=[HOME["charges"][0], add])
    used = {"peak": [90_000, 0, 0], "valley": [40_000, 0, 0], "flat": [7, 8, 9]}
    (bill,) = both([replace(at_home(5, 7), state={"ladders": {"year": {"year": year, "used_wh": used}}})], book)
    assert bill.state is not None
    after = bill.state["ladders"]["year"]["used_wh"]
    assert after.get("flat") == ([7, 8, 9] if kept else None)
    assert after["peak"] == ([90_005, 0, 0] if kept else [5, 0, 0])


def in_two_versions(charges: list[dict[str, Any]], **more: Any) -> rating.TariffBook:
    """The same document twice, the second from 2 June on."""
    base = {**PLAIN, "id": "t", "charges": charges, **more}
    return rating.load_book([
        {**base, "effective": {"from": "2020-01-01", "to": NEXT.isoformat()}},
        {**base, "version": 2, "effective": {"from": NEXT.isoformat(), "to": None}},
    ])  # fmt: skip


def test_free_energy_that_is_lost_is_given_once_to_a_cycle_of_two_versions() -> None:
    ladder = {"counts": "import", "span": "month", "limits_kwh": ["100"], "proration": "per_month",
              "free": {"kwh_per_month": "15", "how": "before_ladder", "rest": "lost"}}  # fmt: skip
    tiers = {"name": "tiers", "kind": "ladder_price", "ladder": "m", "price": ["0.5", "0.6"]}
    asked = rating.request(
        contract="c", tariff="t", period=(DAY, DAY + timedelta(days=3)), bill_months=[DAY], usage_wh={"import": 60_000},
        facts=[rating.AccountSpan(date(2020, 1, 1))], state={"ladders": {}},
    )  # fmt: skip
    for wh, paid in ((60_000, 45_000), (18_000, 3_000), (15_000, 0), (12_000, 0)):
        part = replace(asked.usage[0], wh={"import": wh})
        (bill,) = both([replace(asked, usage=(part,))], in_two_versions([tiers], ladders={"m": ladder}))
        assert sum(line.quantity or 0 for line in bill.lines) == paid


@pytest.mark.parametrize(("months", "paid"), [([5], 45_000), ([5, 6], 30_000)])
def test_free_energy_that_is_lost_is_given_for_each_month_of_a_cycle(months: list[int], paid: int) -> None:
    ladder = {"counts": "import", "span": "cycle", "limits_kwh": ["100"], "proration": "per_month",
              "free": {"kwh_per_month": "15", "how": "before_ladder", "rest": "lost"}}  # fmt: skip
    tiers = {"name": "tiers", "kind": "ladder_price", "ladder": "m", "price": ["0.5", "0.6"]}
    asked = rating.request(
        contract="c", tariff="t", period=(date(2025, 5, 1), date(2025, months[-1] + 1, 1)),
        bill_months=[date(2025, month, 1) for month in months], usage_wh={"import": 60_000},
        facts=[rating.AccountSpan(date(2020, 1, 1))], state={"ladders": {}},
    )  # fmt: skip
    (bill,) = both([asked], document(PLAIN, ladders={"m": ladder}, charges=[tiers]))
    assert sum(line.quantity or 0 for line in bill.lines) == paid


@pytest.mark.parametrize("total", [48_000, 50_000])
def test_a_total_register_stands_for_the_whole_read_and_the_curve_for_its_parts(total: int) -> None:
    energy = {"name": "energy", "kind": "energy", "price": "0.5"}
    asked = by_curve(DAY, DAY + timedelta(days=2), 60, [1000], ZONE)
    part = replace(asked.usage[0], wh={"import": total})
    (bill,) = both([replace(asked, usage=(part,))], in_two_versions([energy]))
    assert [line.quantity for line in bill.lines] == [24_000, 24_000]


@pytest.mark.parametrize("by", ["thirtieths", "calendar_days", "hours"])
@pytest.mark.parametrize(("iron", "cuts"), [(30, 0), (31, 1)])
def test_a_fact_cuts_a_cycle_with_derived_quantities_only_where_a_value_changes(iron: int, cuts: int, by: str) -> None:
    rules = {"loss": {"loss": {"iron": {"fact": "iron"}, "iron_by": by}}}
    energy = {"name": "energy", "kind": "energy", "quantity": "loss", "price": "0.5"}
    book = document(
        PLAIN,
        quantities=rules,
        charges=[energy],
        rounding={**PLAIN["rounding"], "loss": {"step": "1", "mode": "half_up"}},
    )
    first = rating.AccountSpan(date(2020, 1, 1), NEXT, values={"iron": Exact(30, 1)}, people=2)
    facts = [first, rating.AccountSpan(NEXT, values={"iron": Exact(iron, 1)}, people=3)]
    asked = rating.request(
        contract="c", tariff="t", period=(DAY, date(2025, 7, 1)), bill_months=[DAY], usage_wh={"import": 5}, facts=facts,
        state={"ladders": {}},
    )  # fmt: skip
    (bill,) = both([asked], book)
    assert len(bill.lines) == 1 + cuts


def test_a_slot_that_leaves_its_period_and_comes_back_is_refused() -> None:
    hours = [{"name": "a", "when": [{"hours": ["00:00-08:20", "08:40-24:00"]}]}, {"name": "b", "when": "rest"}]
    charge = {"name": "energy", "kind": "energy", "by": "period", "price": {"a": "0.1", "b": "0.2"}}
    book = document(PLAIN, periods=hours, charges=[charge])
    fine, across = both([by_curve(DAY, NEXT, minutes, [60], ZONE) for minutes in (20, 60)], book)
    assert [line.quantity for line in fine.lines] == [71 * 60, 60]
    assert across.refusal is not None
    assert across.refusal.code == "curve_slot_across_border"


def test_a_quantity_is_refused_only_beyond_the_largest_that_anyone_can_have() -> None:
    book = document(PLAIN, charges=[{"name": "energy", "kind": "energy", "price": "1"}])
    asked = [
        rating.request(
            contract="c", tariff="t", period=(DAY, NEXT), bill_months=[DAY], usage_wh={"import": wh},
            facts=[rating.AccountSpan(date(2020, 1, 1))],
        )
        for wh in (10**15, -(10**15), 10**15 + 1, -(10**15) - 1)
    ]  # fmt: skip
    codes = [bill.refusal.code if bill.refusal else "" for bill in both(asked, book)]
    assert codes == ["", "", "overflow", "overflow"]
