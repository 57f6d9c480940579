"""A case is calculated by the rules of the day of its breach; published figures are met, and each line can be checked by hand."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.kits.billing import Desk
from tests.kits.cases import ask, got, opened
from tests.kits.effort import in_turn

CASES = Path("tests/cases")
KIND = {
    "theft": "theft",
    "class_change": "breach",
    "capacity_without_contract": "breach",
    "wrong_wiring": "wrong_wiring",
    "fuse_blown": "wrong_wiring",
    "wrong_multiplier": "wrong_multiplier",
    "meter_error": "meter_error",
}
ITEM = {
    "theft": ("back_bill", "penalty"),
    "class_change": ("difference", "penalty"),
    "capacity_without_contract": ("basic_charge", "penalty"),
    "wrong_wiring": ("total",),
    "fuse_blown": ("amount",),
    "wrong_multiplier": ("amount",),
    "meter_error": ("amount",),
}
PUBLISHED = [
    case
    for path in sorted(CASES.glob("*.json"))
    if isinstance(case := orjson.loads(path.read_bytes()), dict) and case.get("calculation") in KIND
]
OPEN_FIGURES = {"theft/times": "3", "theft/unknown_start_days": "180", "theft/hours_a_day/lighting": "6"}


def theft(day: str = "2010-06-01", **more: Any) -> dict[str, Any]:
    given = {"price": "0.3", "loads": [{"kw": "2", "use": "lighting"}]}
    return {"calculation": "theft", "breach_on": day, "input": given} | more


def fen(exact: str) -> int:
    return int((Decimal(exact) * 100).quantize(Decimal(1), rounding="ROUND_HALF_UP"))


@in_turn("case", PUBLISHED, ids=[case["id"] for case in PUBLISHED])
async def test_a_published_example_is_met_to_the_fen(desk: Desk, case: dict[str, Any]) -> None:
    name = case["calculation"]
    number = await opened(desk, KIND[name])
    body = {"calculation": name, "breach_on": case["date"], "input": case["input"]}
    status, told = await ask(desk, f"cases/{number}/calculations", body, seen=1)
    assert status == 200, told
    values = {each["name"]: each["value"] for each in told["items"]}
    fens = {each["name"]: each["amount_fen"] for each in told["items"]}
    for item in case["expect"]["items"]:
        assert "exact" not in item or values[item["name"]] == item["exact"]
        assert "amount" not in item or fens[item["name"]] == fen(item["amount"])
    money = [fens.get(each, 0) for each in ITEM[name]]
    if len(money) == 1:
        assert (told["adjustment_fen"], told["back_billing_fen"], told["penalty_fen"]) == (money[0], 0, 0)
    else:
        assert (told["back_billing_fen"], told["penalty_fen"], told["adjustment_fen"]) == (*money, 0)
    assert (await got(desk, f"cases/{number}"))["state"] == "calculated"


async def test_a_second_implementation_comes_to_the_same_by_loads_with_prices_and_days_of_their_own(desk: Desk) -> None:
    number = await opened(desk)
    loads = [
        {"name": "pump", "kw": "7.5", "use": "power", "price": "0.6644", "from": "2024-01-10", "to": "2024-03-01"},
        {"name": "lamps", "kw": "1.333", "use": "lighting", "price": "0.538"},
    ]
    body = theft("2024-03-01") | {"input": {"loads": loads}}
    _, told = await ask(desk, f"cases/{number}/calculations", body, seen=1)
    pump = Decimal("7.5") * (date(2024, 3, 1) - date(2024, 1, 10)).days * 12
    lamps = Decimal("1.333") * 180 * 6  # an unknown start is 180 days, lighting 6 hours a day
    yuan = pump * Decimal("0.6644") + lamps * Decimal("0.538")
    assert (told["back_billing_fen"], told["penalty_fen"]) == (fen(str(yuan)), fen(str(3 * yuan)))
    assert told["energy_wh"] == int((pump + lamps) * 1000)
    formulas = {each["name"]: each["formula"] for each in told["items"]}
    assert formulas["pump kWh"] == "7.5 kW x 51 days x 12 hours = 4590"
    assert formulas["lamps kWh"] == "1.333 kW x 180 days x 6 hours = 1439.64"
    assert (told["policy"], told["policy_version"]) == ("CN/supply-rules", "1996")


async def test_what_the_edition_leaves_open_is_set_case_by_case_and_never_above_the_one_before(desk: Desk) -> None:
    number = await opened(desk)
    path = f"cases/{number}/calculations"
    for figures, code in (
        ({}, "case.calculation_refused"),
        (OPEN_FIGURES | {"theft/times": "3.1"}, "case.calculation_refused"),
        (OPEN_FIGURES | {"theft/hours": "6"}, "case.calculation_refused"),
        (OPEN_FIGURES | {"meter_error/share_of_span": "1"}, "case.calculation_refused"),
        (OPEN_FIGURES | {"outage/times": "1"}, "case.calculation_refused"),
        (OPEN_FIGURES | {"theft/hours_a_day/lighting": "24.1"}, "case.calculation_refused"),
        (OPEN_FIGURES | {"theft/unknown_start_days": "179"}, "case.calculation_refused"),
        (OPEN_FIGURES | {"theft/unknown_start_days": "731"}, "case.calculation_refused"),
    ):
        assert await ask(desk, path, theft("2026-02-03", figures=figures), seen=1) == (422, code)
    assert await ask(desk, path, theft(figures={"theft/times": "2"}), seen=1) == (422, "case.calculation_refused")
    status, told = await ask(desk, path, theft("2026-02-03", figures=OPEN_FIGURES | {"theft/times": "2"}), seen=1)
    assert (status, told["policy_version"], told["back_billing_fen"], told["penalty_fen"]) == (
        200,
        "2024",
        64800,
        129600,
    )
    assert told["figures"]["theft/times"] == "2"


async def test_the_working_is_kept_with_the_hash_of_its_rules_and_follows_again(desk: Desk) -> None:
    number = await opened(desk)
    await ask(desk, f"cases/{number}/calculations", theft(), seen=1)
    await ask(desk, f"cases/{number}/calculations", theft(input={"price": "0.5", "kwh": "100"}), seen=2)
    first = await got(desk, f"cases/{number}/calculations/1")
    second = await got(desk, f"cases/{number}/calculations/2")
    assert (first["follows"], first["back_billing_fen"], first["calculated_by"]) == (True, 64800, "inspector-1")
    assert (second["back_billing_fen"], len(second["policy_hash"])) == (5000, 64)
    case = await got(desk, f"cases/{number}")
    assert [each["number"] for each in case["calculations"]] == [1, 2]
    assert {each["step"] for each in case["steps"] if each["done_on"]} == {"calculation"}
    assert (await ask(desk, f"cases/{number}/calculations", theft(), seen=1))[1] == "precondition.stale"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (theft(calculation="meter_error", input={"kwh": "1", "error": "0.1"}), "case.calculation_not_of_kind"),
        (theft(input={"loads": [{"kw": "2", "use": "lighting"}]}), "case.calculation_refused"),
        (theft(input={"price": "0.3", "loads": [{"kw": "two", "use": "lighting"}]}), "case.calculation_refused"),
        (theft("1899-01-01"), "request.invalid"),
    ],
)
async def test_what_the_rules_do_not_allow_is_refused(desk: Desk, body: dict[str, Any], code: str) -> None:
    number = await opened(desk)
    status, told = await ask(desk, f"cases/{number}/calculations", body, seen=1)
    assert (status, told) == (422, code)
    assert (await got(desk, f"cases/{number}"))["state"] == "open"


@pytest.mark.parametrize("day", ["2010-06-01", "2026-02-03"])
async def test_what_neither_edition_gives_has_a_bound_of_its_own(desk: Desk, day: str) -> None:
    number = await opened(desk, "breach")
    body = {"calculation": "capacity_without_contract", "breach_on": day}
    body |= {"input": {"case": "suspended", "tariff": "other", "kva": "10"}}
    path = f"cases/{number}/calculations"
    for yuan, code in (("1000000", 422), ("30.01", 422), ("30", 200)):
        figures = {"suspended_capacity/yuan_per_kva": yuan}
        status, told = await ask(desk, path, body | {"figures": figures}, seen=1)
        assert status == code, told
    assert told["penalty_fen"] == 30_000


async def test_a_breach_of_a_day_that_is_to_come_is_not_calculated(desk: Desk) -> None:
    number = await opened(desk)
    path, on = f"cases/{number}/calculations", {"business_date": "2026-02-20", "figures": OPEN_FIGURES}
    for day in ("2099-01-01", "2026-02-21"):
        assert await ask(desk, path, theft(day, **on), seen=1) == (422, "case.calculation_refused")
    assert (await got(desk, f"cases/{number}"))["row_version"] == 1
    assert (await ask(desk, path, theft("2026-02-20", **on), seen=1))[0] == 200
