"""What bills before say of the one that is reviewed."""

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from services.billing.bills.domain import chains, past
from services.billing.bills.domain.past import Past, TwoPart
from services.billing.contracts.domain import AccountTerms, Assignment, Terms
from services.billing.rating.rating_types import Equipment, Line
from services.billing.usages.domain import Usage
from shared.exact import Exact

START = date(2020, 1, 1)
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


def facts(since: date = START, **more: Any) -> AccountTerms:
    return AccountTerms(since, **{"customer_class": "industrial", "people": 0, "households": 1} | more)


def terms(*account: AccountTerms, tariffs: tuple[Assignment, ...] = (Assignment(START, "t"),)) -> Terms:
    return Terms(
        account_no="A1",
        contract_no="C1",
        service_point_no="SP1",
        org_unit="zj",
        account_terms=account or (facts(),),
        assignments=tariffs,
        opening="",
        opened=START,
        ended=None,
        cycle_months=1,
        spans=(),
    )


def usage(period_from: date = FEBRUARY, period_to: date = MARCH, **more: Any) -> Usage:
    values: dict[str, Any] = {
        "usage_id": "U",
        "service_point_no": "SP1",
        "org_unit": "zj",
        "route_no": "R1",
        "cycle": f"{period_from:%Y-%m}",
        "read_date": period_to,
        "version": 1,
        "energy": {"import": 100_000},
        "import_wh": 100_000,
    }
    return Usage(period_from=period_from, period_to=period_to, **values | more)


def bill(period_from: date, period_to: date, wh: int, two_part: TwoPart | None = None) -> Past:
    return Past(period_from=period_from, period_to=period_to, energy_wh=wh, two_part=two_part)


def line(kind: str, fen: int, price: Exact | None = None) -> Line:
    return Line(kind, "", kind, None, None, 1, "", price, Exact(fen, 100), fen, "t", "1", FEBRUARY, MARCH)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([], None),
        ([bill(date(2025, 2, 1), date(2025, 3, 1), 280_000)], 280_000),
        (
            [bill(date(2025, 1, 4), date(2025, 2, 4), 310_000), bill(date(2025, 2, 4), date(2025, 3, 4), 280_000)],
            280_000,
        ),
        ([bill(date(2025, 1, 1), date(2025, 3, 1), 590_000)], 280_000),
        ([bill(date(2025, 2, 15), date(2025, 3, 15), 280_000)], 280_000),
        ([bill(date(2025, 2, 16), date(2025, 3, 15), 270_000)], None),
    ],
    ids=["nothing", "the same month", "days of two bills", "two months in one", "half of the days", "less than half"],
)
def test_last_year_is_looked_at_day_by_day(before: list[Past], expected: int | None) -> None:
    assert past.last_year_wh(before, usage()) == expected


def test_a_leap_day_has_a_day_a_year_before() -> None:
    before = [bill(date(2027, 2, 1), date(2027, 3, 1), 280_000)]
    assert past.last_year_wh(before, usage(date(2028, 2, 1), date(2028, 2, 29))) == 280_000


def test_what_lines_say_of_a_two_part_price_is_the_same_as_rated_and_as_stored() -> None:
    lines = [line("energy", 50), line("capacity", 3000), line("demand", 1000), line("power_factor", 12, Exact(1, 10))]
    measured = usage(energy={"import": 80_000, "reactive.import": 60_000}, import_wh=80_000)
    expected = TwoPart(basic_fen=4000, measured_fen=1000, power_factor=80, factor_permille=100)
    assert past.two_part(lines, measured) == expected
    assert past.two_part_of(chains.lines_text(lines), measured) == expected
    assert past.two_part(lines[:1], usage()) is None
    assert past.two_part_of(orjson.dumps([]).decode(), usage()) is None


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ({}, {"people": 2}, "household"),
        ({}, {"customer_class": "commercial"}, "class"),
        ({}, {"option": "demand"}, "option"),
        ({"capacity_va": 100}, {"capacity_va": 200}, "capacity"),
        ({}, {"contract_demand_w": 5}, "capacity"),
        ({}, {"equipment": (Equipment("T1", 5),)}, "capacity"),
        ({}, {"exempt": ("fund",)}, "exemption"),
        ({}, {"values": (("share", "0.5"),)}, "figures"),
        ({}, {}, None),
    ],
)
def test_what_is_another_is_told_by_the_day_on_which_it_begins(
    one: dict[str, Any], other: dict[str, Any], what: str | None
) -> None:
    found = (what,) if what else ()
    for since, changes in (
        (date(2026, 1, 31), ((), ())),
        (FEBRUARY, (found, ())),
        (date(2026, 2, 2), (found, found)),
        (MARCH, ((), ())),
    ):
        assert past.changes(terms(facts(**one), facts(since, **other)), usage(), None) == changes


def test_another_tariff_and_another_meter_are_changes() -> None:
    tariffs = (Assignment(START, "t"), Assignment(FEBRUARY, "u"))
    last = bill(JANUARY, FEBRUARY, 1)
    assert past.changes(terms(tariffs=tariffs), usage(), last) == (("tariff",), ())
    assert past.changes(terms(), usage(meters=2), last) == (("meter",), ())
    assert past.changes(terms(), usage(installed_on=[FEBRUARY]), last) == (("meter",), ())
    assert past.changes(terms(), usage(installed_on=[START]), last) == ((), ())


def test_what_a_contract_or_its_meter_begins_with_is_no_change() -> None:
    begun = replace(terms(facts(), facts(FEBRUARY, customer_class="commercial")), opened=FEBRUARY)
    assert past.changes(begun, usage(), None) == ((), ())
    assert past.changes(terms(), usage(installed_on=[FEBRUARY]), None) == ((), ())


def test_the_basic_charge_before_is_expected_again_unless_something_says_otherwise() -> None:
    capacity, last = TwoPart(basic_fen=3000), bill(JANUARY, FEBRUARY, 1, TwoPart(basic_fen=3100))
    assert past.expected_basic_fen(terms(), usage(), capacity, last) == 3100
    assert past.expected_basic_fen(terms(), usage(), capacity, None) is None
    two_months = replace(last, period_from=date(2025, 12, 1))
    assert past.expected_basic_fen(terms(), usage(), capacity, two_months) is None
    changed = terms(facts(), facts(date(2026, 2, 15), capacity_va=5))
    assert past.expected_basic_fen(changed, usage(), capacity, last) is None
    long_ago = terms(facts(), facts(date(2025, 2, 15), capacity_va=5))
    assert past.expected_basic_fen(long_ago, usage(), capacity, last) == 3100
    of_demand = TwoPart(basic_fen=3000, measured_fen=3000)
    assert past.expected_basic_fen(terms(), usage(), of_demand, last) is None
    part = usage(cycle_from=date(2026, 1, 20))
    assert past.expected_basic_fen(terms(), part, capacity, last) is None


def test_equipment_that_is_all_suspended_uses_nothing() -> None:
    running, suspended = Equipment("T1", 5), Equipment("T2", 5, "suspended")
    assert past.is_suspended(facts(equipment=(suspended,)))
    assert not past.is_suspended(facts(equipment=(running, suspended)))
    assert not past.is_suspended(facts())
