"""Two-part tariffs: capacity, demand, power factor."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.billing.rating import rating
from services.billing.rating.reference.two_part.power_factor import hundredths
from shared.exact import Exact, parse
from tests.unit.billing.rating.beside import both
from tests.unit.billing.rating.documents import PLAIN, TABLE, amounts, changed, fact, rated, request

MONTHS = {"month": "thirtieths", "last_part": "rest_of_month"}


# --- capacity


def capacity(price: str = "30", **more: Any) -> dict[str, Any]:
    return {"name": "capacity", "kind": "capacity", "price": price, **MONTHS, **more}


CUT = date(2026, 1, 11)
GROWN = (rating.AccountSpan(date(2020, 1, 1), CUT, capacity_va=100_000), rating.AccountSpan(CUT, capacity_va=400_000))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (MONTHS, [100_000, 800_000]),  # 10/30, and the rest 20/30
        ({"month": "thirtieths", "last_part": "own_days"}, [100_000, 840_000]),  # 10/30 and 21/30: 31/30
        ({"month": "calendar_days"}, [96_774, 812_903]),  # 10/31 and 21/31
    ],
)
def test_a_month_of_change_is_paid_by_thirtieths_or_by_calendar_days(rule: dict[str, str], expected: list[int]) -> None:
    charge = {"name": "capacity", "kind": "capacity", "price": "30", **rule}
    assert amounts(rated([charge], facts=GROWN)) == expected


def test_a_change_of_other_facts_does_not_cut_the_capacity() -> None:
    facts = (
        rating.AccountSpan(date(2020, 1, 1), CUT, capacity_va=100_000),
        rating.AccountSpan(CUT, capacity_va=100_000, people=9),
    )
    assert amounts(rated([capacity()], facts=facts)) == [300_000]


def test_a_cycle_of_two_months_pays_two_months_of_capacity() -> None:
    two = {"to": date(2026, 3, 1), "read_day": date(2026, 3, 1), "bill_months": (date(2026, 1, 1), date(2026, 2, 1))}
    assert amounts(rated([capacity()], facts=GROWN, **two)) == [100_000, 2_000_000]
    by_days = {"name": "capacity", "kind": "capacity", "price": "30", "month": "calendar_days"}
    assert amounts(rated([by_days], facts=GROWN, **two)) == [101_695, 1_993_220]  # 10 and 49 of 59 days of two months


@pytest.mark.parametrize(("rule", "days", "month"), [(MONTHS, 20, 30), ({"month": "calendar_days"}, 21, 31)])
def test_an_account_opened_in_the_month_pays_its_days_only(rule: dict[str, str], days: int, month: int) -> None:
    """11 to 31 January: 21 of 31 calendar days, or what 10 days have left of thirty."""
    facts = (rating.AccountSpan(CUT, capacity_va=1_000_000),)
    charge = {"name": "c", "kind": "capacity", "price": "30", **rule}
    bill = rated([charge], from_=CUT, month=(date(2026, 1, 1), date(2026, 2, 1)), facts=facts)
    assert bill.lines[0].exact.fraction() == Exact(30_000 * days, month).fraction()


STATES = {"state_share": {"running": "1", "suspended": "0.5"}, "suspension_counts_from_days": 15}


def suspended(days: int | None) -> tuple[rating.AccountSpan, ...]:
    def equipment(state: str) -> tuple[rating.Equipment, ...]:
        return (rating.Equipment("T1", 100_000, state), rating.Equipment("T2", 50_000))

    start = date(2026, 1, 6)
    end = date(2026, 1, 6 + days) if days else None
    facts = [rating.AccountSpan(date(2020, 1, 1), start, equipment=equipment("running"))]
    facts.append(rating.AccountSpan(start, end, equipment=equipment("suspended")))
    if end:
        facts.append(rating.AccountSpan(end, equipment=equipment("running")))
    return tuple(facts)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (14, [75_000, 210_000, 165_000]),  # under 15 days: pays in full
        (15, [75_000, 75_000, 75_000, 150_000]),
        (None, [75_000, 125_000, 125_000]),  # no end known: it counts
    ],
)
def test_a_suspension_counts_from_its_shortest_length_on(days: int | None, expected: list[int]) -> None:
    assert sorted(amounts(rated([capacity(**STATES)], facts=suspended(days)))) == sorted(expected)


def test_the_length_of_a_suspension_reaches_over_a_change_within_it() -> None:
    first, second = suspended(10)[:2]
    more = rating.AccountSpan(date(2026, 1, 16), date(2026, 1, 21), equipment=(second.equipment[0],))
    after = rating.AccountSpan(date(2026, 1, 21), equipment=first.equipment)
    bill = rated([capacity(**STATES)], facts=(first, second, more, after))
    shares = [line.factors[0] for line in bill.lines if line.factors and line.factors[0] == parse("0.5")]
    assert len(shares) == 2


# --- demand


def demand(basis: str, **more: Any) -> dict[str, Any]:
    return {"name": "demand", "kind": "demand", "price": "40", "basis": basis, **MONTHS, **more}


OVER = {"over": {"from": "1.05", "times": "2"}, "floor_share": "0.40"}


@pytest.mark.parametrize(
    ("measured", "expected"),
    [(100_000, [800_000]), (210_000, [800_000]), (211_000, [844_000, 4_000]), (300_000, [1_200_000, 360_000])],
)
def test_above_105_percent_of_the_contract_the_part_above_is_paid_twice(measured: int, expected: list[int]) -> None:
    facts = fact(capacity_va=400_000, contract_demand_w=200_000)
    assert amounts(rated([demand("contract", **OVER)], wh={"demand": measured}, facts=facts)) == expected


def test_a_contract_below_the_floor_is_taken_as_the_floor() -> None:
    facts = fact(capacity_va=1_000_000, contract_demand_w=200_000)
    assert amounts(rated([demand("contract", **OVER)], wh={"demand": 1}, facts=facts)) == [1_600_000]


@pytest.mark.parametrize(("measured", "billed"), [(100_000, 160_000), (160_000, 160_000), (200_000, 200_000)])
def test_actual_demand_has_a_floor(measured: int, billed: int) -> None:
    bill = rated([demand("actual", floor_share="0.40")], wh={"demand": measured}, facts=fact(capacity_va=400_000))
    assert bill.lines[0].quantity == billed


def test_demand_over_several_reads_is_the_highest() -> None:
    parts = (
        rating.UsagePart(date(2026, 1, 1), CUT, {"demand": 5000}),
        rating.UsagePart(CUT, date(2026, 2, 1), {"demand": 4000}),
    )
    assert rated([demand("actual")], usage=parts).lines[0].quantity == 5000


def test_demand_is_the_highest_of_all_segments_of_the_cycle() -> None:
    second = changed(PLAIN, {"/version": 2, "/effective/from": CUT.isoformat(), "/charges": [demand("actual")]})
    parts = (
        rating.UsagePart(date(2026, 1, 1), CUT, {"demand": 5000}),
        rating.UsagePart(CUT, date(2026, 2, 1), {"demand": 4000}),
    )
    bill = rated([demand("actual")], {"/effective/to": CUT.isoformat()}, second, usage=parts)
    assert [line.quantity for line in bill.lines] == [5000, 5000]


def test_demand_from_a_curve_is_the_highest_mean_of_a_quarter_of_an_hour() -> None:
    five = [100, 100, 100] * 4 * 24 * 31
    five[3:6] = [0, 700, 200]  # 00:15-00:30
    five[7:10] = [900, 0, 0]  # 00:35-00:50 lies in two quarters: 1,000 and 100 Wh
    curve = rating.Curve("import", datetime(2025, 12, 31, 16, tzinfo=UTC), 5, five)
    bill = rated([demand("actual", from_curve="import")], wh={}, curves=[curve])
    assert bill.lines[0].quantity == 1000 * 4


def test_a_ratchet_keeps_a_share_of_the_highest_demand_of_the_months_before() -> None:
    charge = demand("actual", ratchet={"share": "0.8", "months": 2})
    state = {"ladders": {}, "demand_w": {"demand": {"2025-11": 100_000, "2025-12": 50_000}}}
    bill = rated([charge], wh={"demand": 60_000}, state=state)
    assert bill.lines[0].quantity == 80_000
    assert bill.state == {"ladders": {}, "demand_w": {"demand": {"2025-12": 50_000, "2026-01": 60_000}}}
    assert rated([charge], wh={"demand": 90_000}, state=state).lines[0].quantity == 90_000


@pytest.mark.parametrize(("kwh", "price"), [(103_999, "40"), (104_000, "36")])
def test_from_260_kwh_per_kva_the_demand_price_is_lower(kwh: int, price: str) -> None:
    charge = demand("actual", discount={"kwh_per_kva": "260", "pays": "0.90"})
    bill = rated([charge], wh={"import": kwh * 1000, "demand": 1000}, facts=fact(capacity_va=400_000))
    assert bill.lines[0].price is not None
    assert bill.lines[0].price.fraction() == parse(price).fraction()


# --- power factor


@pytest.mark.parametrize(
    ("active", "reactive", "expected"),
    [
        (40_000, 30_000, 80),
        (40_000, 39_670, 71),
        (694_152, 256_728, 94),
        (36_000, 16_200, 91),
        (1, 0, 100),
        (1, 10**6, 0),
        (3, 4, 60),
    ],
)
def test_cos_phi_is_rounded_to_hundredths(active: int, reactive: int, expected: int) -> None:
    assert hundredths(active, reactive) == expected


@pytest.mark.parametrize(
    ("active", "reactive", "expected"),
    [(40_000, 30_000, 80), (694_152, 256_728, 93), (1, 0, 100), (1, 1, 70), (10**12, 1, 99)],
)
def test_cos_phi_can_be_cut_where_the_table_says_so(active: int, reactive: int, expected: int) -> None:
    table = {**TABLE, "table": "t/cut", "cos_phi": "down"}
    factor = {**FACTOR, "table": "t/cut", "standard": "0.90"}
    energy = {"name": "energy", "kind": "energy", "price": "0.5"}
    book = rating.load_book([table, changed(PLAIN, {"/charges": [energy, factor]})])
    (bill,) = both([request(wh={"import": active, "reactive.import": reactive})], book)
    assert [line.quantity for line in bill.lines if line.kind == "power_factor"] == [expected * 10]


def test_cos_phi_is_decided_exactly_at_the_half() -> None:
    """cos φ = 0.895 exactly: A² · 10⁶ = 895² · (A² + R²); one Wh more of reactive energy is just below."""
    from math import isqrt

    active = 895 * 10**9
    reactive = isqrt((10**6 - 895**2) * 10**18)
    assert hundredths(active, reactive) == 90
    assert hundredths(active, reactive + 10**3) == 89


FACTOR = {
    "name": "pf",
    "kind": "power_factor",
    "table": "CN-1983",
    "active": "import",
    "reactive": "reactive.import",
    "on": ["energy"],
    "of": "exact",
}


@pytest.mark.parametrize(
    ("standard", "hundredth", "percent"),
    [
        ("0.90", 90, "0"), ("0.90", 89, "0.5"), ("0.90", 70, "10"), ("0.90", 69, "11"), ("0.90", 65, "15"), ("0.90", 64, "17"),
        ("0.90", 91, "-0.15"), ("0.90", 95, "-0.75"), ("0.90", 100, "-0.75"),
        ("0.85", 84, "0.5"), ("0.85", 86, "-0.1"), ("0.85", 90, "-0.5"), ("0.85", 91, "-0.65"), ("0.85", 94, "-1.1"),
        ("0.85", 99, "-1.1"),
        ("0.80", 79, "0.5"), ("0.80", 81, "-0.1"), ("0.80", 90, "-1"), ("0.80", 92, "-1.3"), ("0.80", 93, "-1.3"),
    ],
)  # fmt: skip
def test_the_table_of_1983_gives_the_percentage(standard: str, hundredth: int, percent: str) -> None:
    from services.billing.rating.reference.two_part.power_factor import factor_percent
    from services.billing.rating.tariff.model import PowerFactor
    from services.billing.tariffs.documents import packaged

    tables = {d["table"]: d for d in packaged.documents() if "table" in d}
    charge = rating.load_tariff(changed(PLAIN, {"/charges/1": {**FACTOR, "standard": standard}}), tables).charges[1]
    assert isinstance(charge, PowerFactor)
    assert factor_percent(charge, hundredth, charge.standard).fraction() == parse(percent).fraction()


@pytest.mark.parametrize(("of", "amount"), [("exact", -94), ("amount", -94)])
def test_the_adjustment_is_on_the_named_charges_alone(of: str, amount: int) -> None:
    factor = {**FACTOR, "table": "t/factor", "standard": "0.90", "of": of}
    charges = [
        {"name": "energy", "kind": "energy", "price": "0.5"},
        {"name": "levy", "kind": "energy", "price": "9"},
        factor,
    ]
    bill = rated(charges, wh={"import": 250_000, "reactive.import": 0})
    assert (bill.lines[2].amount_fen, bill.lines[2].on) == (
        amount,
        (Exact(12_500, 100),) if of == "amount" else bill.lines[2].on,
    )


def test_the_adjustment_of_exact_values_and_of_amounts_can_differ() -> None:
    def adjustment(of: str) -> Exact:
        factor = {**FACTOR, "table": "t/factor", "standard": "0.90", "of": of}
        charges = [{"name": "energy", "kind": "energy", "price": "0.33333"}, factor]
        return rated(charges, wh={"import": 1000, "reactive.import": 1000}).lines[1].exact

    assert adjustment("exact").fraction() == parse("0.33333").fraction() * parse("0.095").fraction()
    assert adjustment("amount").fraction() == parse("0.33").fraction() * parse("0.095").fraction()


@pytest.mark.parametrize(
    ("total", "active", "cos_phi"),
    [
        (100_000, "import", 78),
        (100_000, "with loss", 81),  # 10 kWh of loss on the high side count as used
        (110_000, "import", 81),  # the total register, though the periods say 100 kWh
    ],
)
def test_active_energy_is_the_total_register_and_the_losses_that_the_document_adds(
    total: int, active: str, cos_phi: int
) -> None:
    factor = {**FACTOR, "table": "t/factor", "standard": "0.90", "active": active}
    values = {
        "/rounding/loss": {"step": "1", "mode": "half_up"},
        "/periods": [{"name": "peak", "when": [{"hours": ["08:00-22:00"]}]}, {"name": "valley", "when": "rest"}],
        "/quantities": {
            "loss": {"loss": {"copper_share": "0.1", "copper_of": "import"}},
            "with loss": {"sum": ["import", "loss"]},
        },
    }
    charges = [{"name": "energy", "kind": "energy", "price": "0.5"}, factor]
    wh = {"import": total, "import.peak": 60_000, "import.valley": 40_000, "reactive.import": 80_000}
    assert rated(charges, values, wh=wh).lines[1].quantity == cos_phi * 10
