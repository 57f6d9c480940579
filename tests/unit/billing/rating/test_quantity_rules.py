"""Curves, special days, kWh rounding and the rules that make quantities before prices."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.billing.rating import rating
from shared.exact import Exact
from tests.unit.billing.rating.documents import HOME, PLAIN, changed, home, request

SHANGHAI_MIDNIGHT = datetime(2025, 12, 31, 16, tzinfo=UTC)


def quantities(book: rating.TariffBook, asked: rating.Request) -> dict[str, int]:
    bill = rating.rate_one(asked, book)
    assert bill.refusal is None, bill.refusal
    return dict(bill.quantities_wh)


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_a_curve_gives_the_kwh_of_each_period_and_the_total(minutes: int) -> None:
    slots = 24 * 60 // minutes
    one_day = [1 if 8 * 60 <= i * minutes < 22 * 60 else 10 for i in range(slots)]
    curve = rating.Curve("import", SHANGHAI_MIDNIGHT, minutes, one_day * 31)
    found = quantities(rating.load_book([HOME]), home(wh={}, curves=[curve]))
    per_hour = 60 // minutes
    assert found == {
        "import": 31 * per_hour * (14 + 100),
        "import.peak": 31 * per_hour * 14,
        "import.valley": 31 * per_hour * 100,
    }


def test_the_total_register_stands_beside_the_curve_and_is_compared_with_it() -> None:
    curve = rating.Curve("import", SHANGHAI_MIDNIGHT, 60, [10] * 24 * 31)
    bill = rating.rate_one(home(wh={"import": 7441}, curves=[curve]), rating.load_book([HOME]))
    assert [f.code for f in bill.findings] == ["period_sum_differs"]


LONDON = {"/time_zone": "Europe/London"}


@pytest.mark.parametrize(
    ("day", "after", "hours", "valley"),
    [
        (date(2026, 3, 29), date(2026, 3, 30), 23, 9),
        (date(2026, 10, 25), date(2026, 10, 26), 25, 11),
        (date(2026, 6, 1), date(2026, 6, 2), 24, 10),
    ],
)
def test_days_of_23_and_25_hours_are_whole_days(day: date, after: date, hours: int, valley: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/London"))
    curve = rating.Curve("import", start, 60, [1000] * hours)
    asked = home(from_=day, to=after, read_day=after, wh={}, curves=[curve])
    found = quantities(rating.load_book([changed(HOME, LONDON)]), asked)
    assert (found["import.peak"], found["import.valley"]) == (14_000, valley * 1000)


DAYS = {"calendar": "t/days", "years": {"2026": {"holiday": ["2026-01-01"], "workday": ["2026-01-04"]}}}
WEEK = {
    "/days": {"calendar": "t/days", "kinds": ["holiday", "workday"]},
    "/periods": [
        {
            "name": "peak",
            "when": [
                {"days": ["ordinary"], "weekdays": [1, 2, 3, 4, 5], "hours": ["08:00-22:00"]},
                {"days": ["workday"], "hours": ["08:00-22:00"]},
            ],
        },
        {"name": "valley", "when": "rest"},
    ],
}


def test_weekdays_holidays_and_days_made_up_for_decide_the_period() -> None:
    """1 January 2026 is a Thursday and a holiday, the 2nd an ordinary Friday, the 3rd a Saturday, the 4th a Sunday worked."""
    book = rating.load_book([changed(HOME, WEEK), DAYS])
    curve = rating.Curve("import", SHANGHAI_MIDNIGHT, 60, [1] * 24 + [10] * 24 + [100] * 24 + [1000] * 24)
    asked = home(to=date(2026, 1, 5), read_day=date(2026, 1, 5), wh={}, curves=[curve])
    assert quantities(book, asked)["import.peak"] == 14 * 10 + 14 * 1000


def test_a_period_takes_its_minutes_from_the_one_it_stands_over() -> None:
    periods = [
        {"name": "critical", "over": "peak", "when": [{"months": [1], "hours": ["19:00-21:00"]}]},
        {"name": "peak", "when": [{"hours": ["10:00-12:00", "15:00-21:00"]}]},
        {"name": "valley", "when": [{"hours": ["23:00-07:00"]}]},
        {"name": "flat", "when": "rest"},
    ]
    prices = {"critical": "4", "peak": "3", "valley": "1", "flat": "2"}
    book = rating.load_book([changed(HOME, {"/periods": periods, "/charges/0/price": prices})])
    curve = rating.Curve("import", SHANGHAI_MIDNIGHT, 60, [1] * 24 * 31)
    found = quantities(book, home(wh={}, curves=[curve]))
    assert [found[f"import.{p}"] // 31 for p in ("critical", "peak", "valley", "flat")] == [2, 6, 8, 8]


def test_a_curve_in_two_parts_is_the_sum_of_its_parts() -> None:
    middle = datetime(2026, 1, 9, 16, tzinfo=UTC)
    parts = (
        rating.UsagePart(
            date(2026, 1, 1), date(2026, 1, 10), {}, (rating.Curve("import", SHANGHAI_MIDNIGHT, 60, [1] * 24 * 9),)
        ),
        rating.UsagePart(date(2026, 1, 10), date(2026, 2, 1), {}, (rating.Curve("import", middle, 30, [1] * 48 * 22),)),
    )
    assert quantities(rating.load_book([HOME]), home(usage=parts))["import.peak"] == 9 * 14 + 22 * 28


def test_a_curve_knows_the_kwh_before_and_after_a_change_within_the_cycle() -> None:
    first = changed(PLAIN, {"/effective/to": "2026-01-11"})
    second = changed(PLAIN, {"/version": 2, "/effective/from": "2026-01-11", "/charges/0/price": "1"})
    curve = rating.Curve("import", SHANGHAI_MIDNIGHT, 60, [1000] * 24 * 10 + [2000] * 24 * 21)
    bill = rating.rate_one(request(wh={}, curves=[curve]), rating.load_book([first, second]))
    assert [(line.version, line.quantity) for line in bill.lines] == [("1", 240_000), ("2", 1_008_000)]


# --- switches

SPLIT = [
    changed(PLAIN, {"/effective/to": "2026-01-11"}),
    changed(PLAIN, {"/version": 2, "/effective/from": "2026-01-11", "/charges/0/price": "1"}),
]


def switched(rule: str) -> rating.TariffBook:
    return rating.load_book([changed(d, {"/on_change/usage": rule}) for d in SPLIT])


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        ("split_by_days", [("1", 100_000), ("2", 210_000)]),
        ("price_of_the_read_day", [("2", 310_000)]),
        ("price_of_the_first_day", [("1", 310_000)]),
        ("next_cycle", [("1", 310_000)]),
    ],
)
def test_a_new_version_within_the_cycle_switches_by_the_named_rule(rule: str, lines: list[tuple[str, int]]) -> None:
    bill = rating.rate_one(request(wh={"import": 310_000}), switched(rule))
    assert [(line.version, line.quantity) for line in bill.lines] == lines


def test_a_switch_by_read_uses_the_read_of_the_day() -> None:
    cut = date(2026, 1, 11)
    parts = (
        rating.UsagePart(date(2026, 1, 1), cut, {"import": 7000}),
        rating.UsagePart(cut, date(2026, 2, 1), {"import": 9000}),
    )
    bill = rating.rate_one(request(usage=parts), switched("split_by_read"))
    assert [(line.version, line.quantity, line.from_, line.to) for line in bill.lines] == [
        ("1", 7000, date(2026, 1, 1), cut),
        ("2", 9000, cut, date(2026, 2, 1)),
    ]
    assert [t[:2] for t in bill.tariffs] == [("t/plain", "1"), ("t/plain", "2")]


def test_the_read_day_is_that_of_the_request() -> None:
    asked = request(wh={"import": 1000}, to=date(2026, 1, 11), read_day=date(2026, 1, 11))
    assert [line.version for line in rating.rate_one(asked, switched("price_of_the_read_day")).lines] == ["2"]
    assert [line.version for line in rating.rate_one(asked, switched("split_by_days")).lines] == ["1"]


def test_a_change_of_class_brings_another_tariff_from_its_day_on() -> None:
    shop = changed(PLAIN, {"/id": "t/shop", "/charges/0/price": "0.8"})
    day = date(2026, 1, 11)
    facts = (rating.AccountSpan(date(2020, 1, 1), day), rating.AccountSpan(day, class_="shop", tariff="t/shop"))
    bill = rating.rate_one(request(wh={"import": 310_000}, facts=facts), rating.load_book([PLAIN, shop]))
    assert [(line.tariff, line.amount_fen) for line in bill.lines] == [("t/plain", 5000), ("t/shop", 16_800)]


def test_a_change_of_facts_cuts_the_cycle_only_where_other_charges_hold() -> None:
    levy = {"name": "levy", "kind": "energy", "price": "0.1", "for": {"class": ["shop"]}}
    day = date(2026, 1, 11)
    book = rating.load_book([changed(PLAIN, {"/charges/1": levy})])

    def lines(**later: Any) -> list[tuple[str, int | None]]:
        facts = (rating.AccountSpan(date(2020, 1, 1), day), rating.AccountSpan(day, **later))
        bill = rating.rate_one(request(wh={"import": 310_000}, facts=facts), book)
        return [(line.charge, line.quantity) for line in bill.lines]

    assert lines(people=9) == [("energy", 310_000)]
    assert lines(class_="shop") == [("energy", 100_000), ("energy", 210_000), ("levy", 210_000)]


# --- kWh rounding


def rounded(mode: str, rest: str) -> rating.TariffBook:
    return rating.load_book([changed(PLAIN, {"/rounding/kwh": {"step": "1", "mode": mode, "rest": rest}})])


def test_the_rest_of_kwh_stays_in_the_register_for_the_next_bill() -> None:
    book = rounded("down", "stays_in_the_register")
    first = rating.rate_one(request(wh={"import": 100_700}), book)
    assert (first.quantities_wh["import"], first.state) == (100_000, {"ladders": {}, "rest_wh": {"import": 700}})
    second = rating.rate_one(request(wh={"import": 100_400}, state=first.state), book)
    assert (second.quantities_wh["import"], second.state) == (101_000, {"ladders": {}, "rest_wh": {"import": 100}})


def test_the_rest_of_kwh_can_be_lost() -> None:
    bill = rating.rate_one(request(wh={"import": 100_700, "demand": 700}), rounded("half_up", "lost"))
    assert bill.quantities_wh == {"import": 101_000, "demand": 700}
    assert bill.state == {"ladders": {}}


def test_rounding_of_the_cumulative_value_can_leave_a_negative_rest() -> None:
    bill = rating.rate_one(request(wh={"import": 100_700}), rounded("half_up", "stays_in_the_register"))
    assert bill.state == {"ladders": {}, "rest_wh": {"import": -300}}


# --- rules


def derived(
    rules: dict[str, Any], wh: dict[str, int], asked: dict[str, Any] | None = None, **document: Any
) -> dict[str, int]:
    values = {
        "/registers": ["sub", "other"],
        "/rounding/loss": {"step": "1", "mode": "half_up"},
        "/rounding/share": {"step": "0.001", "mode": "down"},
        "/quantities": rules,
    }
    return quantities(rating.load_book([changed(PLAIN, values | document)]), request(wh=wh, **(asked or {})))


def test_reactive_energy_is_the_sum_of_both_directions_without_sign() -> None:
    rules = {"r": {"sum_abs": ["reactive.import", "reactive.export"]}, "s": {"sum": ["import", "export"]}}
    found = derived(rules, {"import": 5, "export": 2, "reactive.import": 30, "reactive.export": -4})
    assert (found["r"], found["s"]) == (34, 7)


def test_a_direction_that_the_meter_does_not_have_counts_as_none() -> None:
    rules = {"r": {"sum_abs": ["reactive.import", "reactive.export"]}, "s": {"sum": ["import", "export"]}}
    found = derived(rules, {"import": 5, "reactive.import": 30})
    assert (found["r"], found["s"]) == (30, 5)


def test_a_sub_meter_is_subtracted_and_never_silently_missing() -> None:
    rules = {"own": {"rest_of": "import", "without": ["sub"], "below_zero": "kept"}}
    assert derived(rules, {"import": 10, "sub": 4})["own"] == 6
    assert derived(rules, {"import": 10, "sub": 14})["own"] == -4
    book = rating.load_book([changed(PLAIN, {"/registers": ["sub"], "/quantities": rules})])
    bill = rating.rate_one(request(wh={"import": 10}), book)
    assert bill.refusal is not None
    assert bill.refusal.pointer == "/usage/sub"


@pytest.mark.parametrize(
    ("by", "asked", "expected"),
    [
        ("thirtieths", {}, 304_000),
        ("calendar_days", {}, 304_000),
        ("hours", {}, 226_000),  # 304 W x 744 h = 226.176 kWh
    ],
)
def test_iron_loss_of_a_whole_month_is_the_months_loss_or_goes_by_hours(
    by: str, asked: dict[str, Any], expected: int
) -> None:
    rules = {"loss": {"loss": {"iron": "304", "iron_by": by}}}
    assert derived(rules, {"import": 10_000}, asked)["loss"] == expected
    fine = {"loss": {**rules["loss"], "round": {"step": "0.001", "mode": "half_up"}}}
    assert derived(fine, {"import": 10_000}, asked)["loss"] == (226_176 if by == "hours" else expected)


def test_copper_loss_is_a_share_of_the_kwh_and_is_rounded_with_the_iron_loss() -> None:
    rules = {"loss": {"loss": {"iron": "304", "iron_by": "thirtieths", "copper_share": "0.015", "copper_of": "import"}}}
    assert derived(rules, {"import": 100_100})["loss"] == 306_000  # 304 + 1.5015
    rules = {
        "loss": {"loss": {"copper_share": "0.015", "copper_of": "import"}, "round": {"step": "0.001", "mode": "down"}}
    }
    assert derived(rules, {"import": 100_100})["loss"] == 1501


@pytest.mark.parametrize(("by", "expected"), [("thirtieths", [101_000, 213_000]), ("calendar_days", [98_000, 206_000])])
def test_iron_loss_of_a_part_of_the_month_goes_by_its_days(by: str, expected: list[int]) -> None:
    rules = {"loss": {"loss": {"iron": {"fact": "iron"}, "iron_by": by}}}
    values = {"/rounding/loss": {"step": "1", "mode": "half_up"}, "/quantities": rules, "/charges/0/quantity": "loss"}
    documents = [changed(d, values) for d in SPLIT]
    facts = (rating.AccountSpan(date(2020, 1, 1), values={"iron": Exact(304, 1)}),)
    bill = rating.rate_one(request(wh={"import": 0}, facts=facts), rating.load_book(documents))
    assert [line.quantity for line in bill.lines] == expected


def test_values_of_the_account_that_change_cut_the_cycle_where_a_quantity_rests_on_them() -> None:
    rules = {"loss": {"loss": {"iron": {"fact": "iron"}, "iron_by": "thirtieths"}}}
    values = {"/rounding/loss": {"step": "1", "mode": "half_up"}, "/quantities": rules, "/charges/0/quantity": "loss"}
    day = date(2026, 1, 11)
    facts = (
        rating.AccountSpan(date(2020, 1, 1), day, values={"iron": Exact(300, 1)}),
        rating.AccountSpan(day, values={"iron": Exact(600, 1)}),
    )

    def lines(**changes: Any) -> list[tuple[int, int | None]]:
        bill = rating.rate_one(
            request(wh={"import": 0}, facts=facts), rating.load_book([changed(PLAIN, values | changes)])
        )
        return [(line.from_.day, line.quantity) for line in bill.lines]

    assert lines() == [(1, 100_000), (11, 420_000)]
    alone = rating.rate_one(request(facts=facts), rating.load_book([PLAIN]))
    assert [line.from_.day for line in alone.lines] == [1], "nothing rests on them"


def test_iron_loss_of_two_months_by_calendar_days_shares_both_months() -> None:
    rules = {"loss": {"loss": {"iron": "304", "iron_by": "calendar_days"}}}
    values = {
        "/rounding/loss": {"step": "0.001", "mode": "half_up"},
        "/quantities": rules,
        "/charges/0/quantity": "loss",
    }
    two = {"to": date(2026, 3, 1), "read_day": date(2026, 3, 1), "bill_months": (date(2026, 1, 1), date(2026, 2, 1))}
    book = rating.load_book([changed(d, values) for d in SPLIT])
    bill = rating.rate_one(request(wh={"import": 0}, **two), book)
    assert [line.quantity for line in bill.lines] == [103_051, 504_949]  # 10 and 49 of 59 days of 608 kWh


def test_a_share_and_fixed_kwh_come_from_the_document_or_the_account() -> None:
    facts = {"facts": (rating.AccountSpan(date(2020, 1, 1), values={"share": Exact(3, 10)}),)}
    rules = {"part": {"share_of": "import", "share": {"fact": "share"}}, "fixed": {"fixed_kwh": "12.5"}}
    found = derived(rules, {"import": 1001}, facts)
    assert (found["part"], found["fixed"]) == (300, 12_500)


def test_fixed_kwh_are_by_month_and_by_days_of_a_segment() -> None:
    rules = {"fixed": {"fixed_kwh": "31"}}
    two = {"to": date(2026, 3, 1), "read_day": date(2026, 3, 1), "bill_months": (date(2026, 1, 1), date(2026, 2, 1))}
    assert derived(rules, {"import": 0}, two)["fixed"] == 62_000
    values = {
        "/rounding/share": {"step": "0.001", "mode": "down"},
        "/quantities": rules,
        "/charges/0/quantity": "fixed",
    }
    bill = rating.rate_one(request(wh={"import": 0}), rating.load_book([changed(d, values) for d in SPLIT]))
    assert [line.quantity for line in bill.lines] == [10_000, 21_000]


def test_a_sub_meter_without_periods_is_spread_by_the_share_of_the_periods() -> None:
    values = {
        "/registers": ["sub"],
        "/quantities": {
            "sub": {"sum": ["import"]},
            "own.peak": {"rest_of": "import.peak", "without": ["spread.peak"], "below_zero": "zero"},
        },
    }
    values["/quantities"] = {"spread": {"spread": "sub", "by": "import"}, "own.peak": values["/quantities"]["own.peak"]}
    book = rating.load_book([changed(HOME, values)])
    found = quantities(book, home(wh={"import.peak": 200, "import.valley": 100, "sub": 50}))
    assert (found["spread.peak"], found["spread.valley"], found["own.peak"]) == (33, 17, 167)
    nothing = quantities(book, home(wh={"import.peak": 0, "import.valley": 0, "sub": 5}))
    assert (nothing["spread.peak"], nothing["spread.valley"]) == (0, 5)
