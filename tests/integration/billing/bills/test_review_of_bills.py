"""What the review finds of a bill beside those before it, the account and the meter: the same in any order."""

import random
from dataclasses import replace
from datetime import date
from itertools import permutations

import orjson
import pytest
from sqlalchemy import select

from services.billing.bills.tables import BILL_DOCUMENT
from services.billing.contracts.domain import AccountTerms
from shared.events.reading import UsageMeasured
from shared.events.registers import MeterSpan
from tests.kits.billing import Desk, account, month, state, usage

START = date(2020, 1, 1)
ENERGY = {"name": "energy", "kind": "energy", "price": "0.5"}
CAPACITY = {
    "name": "capacity",
    "kind": "capacity",
    "price": "30",
    "month": "calendar_days",
    "state_share": {"running": "1"},
}


async def found(desk: Desk) -> dict[str, list[str]]:
    """Return the codes of what is found on the bills in force, by cycle."""
    rows = await desk.bills("cycle", "status", "findings")
    return {
        cycle: [each["code"] for each in orjson.loads(text)]
        for cycle, status, text in rows
        if status in ("ready", "held", "issued")
    }


async def contexts(desk: Desk) -> list[str]:
    async with desk.db.view() as view:
        rows = await view.all(select(BILL_DOCUMENT.c.context).order_by(BILL_DOCUMENT.c.bill_id))
    return [row.context for row in rows]


async def statuses(desk: Desk) -> dict[str, str]:
    return {
        cycle: status for cycle, status in await desk.bills("cycle", "status") if status in ("ready", "held", "issued")
    }


def metered(n: int, cycle: int, *spans: tuple[str, date]) -> UsageMeasured:
    """The usage of a month by these meters, each since its installation."""
    start, end = month(cycle), month(cycle + 1)
    registers = [
        MeterSpan(
            meter_no=no,
            installed_on=on,
            from_on=max(on, start),
            to_on=end,
            multiplier=1,
            shown={"import": ("0", "200")},
        )
        for no, on in spans
    ]
    return usage(n, cycle, registers=tuple(registers), meter_nos=tuple(no for no, _ in spans))


async def test_a_supply_that_begins_with_the_bill_is_looked_at_and_one_that_was_taken_over_is_not(desk: Desk) -> None:
    (contract,) = account(2).contracts
    new = replace(contract, from_=month(1))
    desk.review_by(first_bill={"severity": "hold", "since": "2026-01-01"})
    await desk.open(account(1), account(2, contracts=(new,)))
    await desk.measure(usage(1, 1), usage(2, 1))
    assert dict(await desk.bills("account_no", "status")) == {"A1": "ready", "A2": "held"}
    await desk.measure(usage(1, 2), usage(2, 2))
    assert [status for _, status in await desk.bills("cycle", "status", account_no="A2")] == ["held", "ready"]


async def test_the_first_bill_after_a_change_of_the_supply_is_looked_at_and_what_changes_within_it_is_said(
    desk: Desk,
) -> None:
    home = AccountTerms(START, "residential", 3, 1)
    facts = (
        home,
        replace(home, from_=month(2), people=5),
        replace(home, from_=date(2026, 3, 10), customer_class="shop"),
    )
    await desk.open(account(1, facts=facts))
    for cycle in (1, 2, 3, 4):
        await desk.measure(usage(1, cycle))
    codes = await found(desk)
    assert (codes["2026-01"], codes["2026-02"]) == ([], []), "a household that grows is no other supply"
    assert codes["2026-03"][:2] == ["billing.changed_supply", "billing.account_changed_in_period"]
    assert "billing.changed_supply" not in codes["2026-04"]
    assert (await statuses(desk))["2026-03"] == "held"


async def test_a_meter_that_was_exchanged_makes_another_supply_of_it(desk: Desk) -> None:
    await desk.open(account(1))
    old, new = ("M1", START), ("M2", date(2026, 3, 10))
    for cycle, meters in ((1, [old]), (2, [old]), (3, [old, new]), (4, [new])):
        await desk.measure(metered(1, cycle, *meters))
    assert {cycle for cycle, codes in (await found(desk)).items() if "billing.changed_supply" in codes} == {"2026-03"}


async def test_a_rise_is_found_against_the_same_days_of_last_year_too(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle, kwh in ((1, 100), (2, 200), (12, 290), (13, 290), (14, 290)):
        await desk.measure(usage(1, cycle, kwh, read_date=month(cycle + 1)))
    codes = await found(desk)
    assert codes["2027-01"] == ["billing.yearly_rise"]
    assert codes["2027-02"] == [], "45 % more than a year before is not half"


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_found_does_not_depend_on_the_order_in_which_months_come(desk: Desk, seed: int) -> None:
    told = [usage(1, cycle, kwh) for cycle, kwh in ((1, 200), (2, 20), (3, 0), (4, 400), (13, 390), (14, 10))]
    await desk.open(account(1), account(2))
    for fact in told:
        await desk.measure(fact.model_copy(update={"usage_id": f"B-{fact.usage_id}", "service_point_no": "SP2"}))
    random.Random(seed).shuffle(told)
    while told:
        size = random.Random(seed + len(told)).randint(1, len(told))
        await desk.measure(*told[:size])
        del told[:size]
    rows = await desk.bills("account_no", "cycle", "status", "findings")
    of = {
        account_no: {
            cycle: (status, sorted(each["code"] for each in orjson.loads(text)))
            for own, cycle, status, text in rows
            if own == account_no and status in ("ready", "held")
        }
        for account_no in ("A1", "A2")
    }
    assert len(of["A1"]) == 6
    assert of["A1"] == of["A2"]


async def test_three_months_in_any_order_have_the_same_findings(desk: Desk) -> None:
    orders = list(permutations((1, 2, 3)))
    await desk.open(*(account(n) for n in range(len(orders))))
    for n, order in enumerate(orders):
        for cycle in order:
            await desk.measure(usage(n, cycle, {1: 0, 2: 300, 3: 100}[cycle]))
    rows = await desk.bills("account_no", "cycle", "status", "findings")
    of: dict[str, dict[str, tuple[str, str]]] = {}
    for account_no, cycle, status, text in rows:
        if status in ("ready", "held"):
            of.setdefault(account_no, {})[cycle] = status, text
    assert len(of) == len(orders)
    assert all(each == of["A0"] for each in of.values())


async def test_a_two_part_bill_is_looked_at_for_its_basic_charge_and_its_power_factor(desk: Desk) -> None:
    tariff = {
        "id": "t/two-part",
        "version": "1",
        "effective": {"from": "2000-01-01", "to": None},
        "on_change": {"usage": "split_by_days"},
        "sources": [{"for": "the whole document", "text": "figures of a test"}],
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
        "charges": [ENERGY, CAPACITY],
    }
    body = state(facts=[{"from": "2020-01-01", "customer_class": "industrial", "capacity_va": 100_000}])
    body["contracts"][0] |= {"tariffs": [{"from": "2020-01-01", "tariff": "t/two-part"}], "opening_usage": []}
    await desk.activate(tariff)
    async with desk.client() as client:
        assert (await client.put("/v1/accounts/A1", json=body)).status_code == 200
    for cycle, reactive in ((1, 20_000), (2, 60_000), (3, 0)):
        await desk.measure(usage(1, cycle, energy_wh={"import": 80_000, "reactive.import": reactive}))
    dearer = {
        "version": "2",
        "effective": {"from": "2026-04-01", "to": None},
        "charges": [ENERGY, CAPACITY | {"price": "34"}],
    }
    await desk.activate(tariff | {"effective": {"from": "2000-01-01", "to": "2026-04-01"}}, tariff | dearer)
    await desk.measure(usage(1, 4, energy_wh={"import": 80_000, "reactive.import": 20_000}))
    codes = await found(desk)
    assert codes["2026-01"] == []
    assert codes["2026-02"] == ["billing.power_factor"], "from 97 to 80"
    assert codes["2026-03"] == ["billing.power_factor", "billing.reactive_missing"]
    assert codes["2026-04"] == ["billing.basic_charge"], "13 % more while the account is as it was"
    assert (await statuses(desk))["2026-04"] == "held"


async def test_what_the_rules_looked_at_is_kept_beside_the_bill(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1))
    await desk.measure(usage(1, 2, 150))
    kept = [orjson.loads(text)["review"] for text in await contexts(desk)]
    assert kept == [
        {"customer_class": "residential"},
        {"customer_class": "residential", "previous_wh": 200_000, "previous_days": 31},
    ]
