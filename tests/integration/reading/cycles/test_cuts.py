"""Contracts that begin or end within a period."""

import pytest

from shared.events.billing import AccountChanged, Contract
from tests.kits.reading import UNIT, Kit, Statements, read


def _account(version: int, *contracts: Contract) -> AccountChanged:
    return AccountChanged(
        version=version,
        account_no="A1",
        org_unit="zj",
        customer_class="home",
        opened_on=contracts[0].from_,
        contracts=contracts,
    )


@pytest.mark.parametrize("told_first", [True, False])
async def test_a_period_is_cut_where_a_contract_ends_and_a_read_exists(kit: Kit, told_first: bool) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    contract = Contract.model_validate(
        {"contract_no": "C1", "service_point_no": "S0001", "from": "2026-01-01", "to": "2026-01-11"}
    )
    if told_first:
        await kit.give(_account(2, contract))
    await kit.push_one("M0001", "2026-01-11", "110.00")
    if not told_first:
        await kit.give(_account(2, contract))
    await kit.push_one("M0001", "2026-02-01", "150.00")
    assert [(u["period_from"], u["period_to"], u["energy_wh"]["import"]) for u in await kit.usages()] == [
        ("2026-01-01", "2026-01-11", 10_000),
        ("2026-01-11", "2026-02-01", 40_000),
    ]
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["actual"], closed["usages"], closed["sum_wh"]) == (1, 1, 2, 50_000)


async def test_a_contract_date_without_a_read_is_cut_by_days_until_a_read_of_that_day_replaces_it(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    contract = Contract.model_validate(
        {"contract_no": "C1", "service_point_no": "S0001", "from": "2026-01-01", "to": "2026-01-11"}
    )
    await kit.give(_account(2, contract), _account(1, contract))
    await kit.push_one("M0001", "2026-02-01", "162.00")
    usages = sorted(await kit.usages(), key=lambda usage: str(usage["period_to"]))
    assert [
        (u["period_to"], u["quality"], u["estimate_reason"], u["energy_wh"]["import"], u["months"]) for u in usages
    ] == [
        ("2026-01-11", "estimated", "cut_by_days", 20_000, 1),
        ("2026-02-01", "actual", None, 42_000, 1),
    ]
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["usages"], closed["sum_wh"]) == (1, 2, 62_000)
    await kit.push_one("M0001", "2026-01-11", "130.00")
    assert [each for each in await kit.energies() if each[1] == 2] == [
        ("2026-01-11", 2, "actual", 30_000),
        ("2026-02-01", 2, "actual", 32_000),
    ]


async def test_the_number_of_statements_is_the_same_for_10_and_990_accounts_of_billing(kit: Kit) -> None:
    await kit.district(1000)
    counts = []
    for numbers in (range(1, 11), range(11, 1001)):
        with Statements(kit) as statements:
            await kit.give(*(account_of(n) for n in numbers))
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]


def account_of(number: int) -> AccountChanged:
    """A contract that begins within the first period of its point, and so cuts it."""
    contract = {"contract_no": f"C{number:04d}", "service_point_no": f"S{number:04d}", "from": "2026-01-15"}
    return AccountChanged.model_validate(
        {"account_no": f"A{number:04d}", "org_unit": UNIT, "customer_class": "residential", "version": 1}
        | {"opened_on": "2026-01-15", "contracts": [contract]}
    )


async def test_a_contract_that_moves_takes_its_day_with_it_and_leaves_ends_that_were_asked_for(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    contract = {"contract_no": "C1", "service_point_no": "S0001", "from": "2026-01-01"}
    await kit.give(_account(1, Contract.model_validate(contract | {"to": "2026-01-11"})))
    await kit.push(read("M0001", "2026-01-11", "110.00"), read("M0001", "2026-02-01", "150.00"))
    ask = {"service_point_no": "S0001", "day": "2026-01-21", "kind": "control"}
    await kit.put("asked-ends", [ask])
    await kit.give(_account(2, Contract.model_validate(contract | {"to": "2026-01-21"})))
    assert [(t["read_date"], t["kind"], t["status"]) for t in await kit.items("tasks")] == [
        *(("2026-01-21", "asked", "estimated"), ("2026-02-01", "cycle", "read")),
    ]
    await kit.give(_account(3, Contract.model_validate(contract | {"annulled": True})))
    assert [(t["read_date"], t["kind"], t["status"]) for t in await kit.items("tasks")] == [
        *(("2026-01-21", "asked", "open"), ("2026-02-01", "cycle", "read")),
    ]
    standing = [
        (u["period_from"], u["period_to"], u["energy_wh"]["import"]) for u in await kit.usages() if u["version"] == 5
    ]
    assert standing == [("2026-01-01", "2026-02-01", 50_000)]


async def test_a_contract_date_known_ahead_has_the_cycle_of_the_next_planned_date(kit: Kit) -> None:
    await kit.district()
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 15}])
    contract = {"contract_no": "C1", "service_point_no": "S0001", "from": "2026-01-01", "to": "2026-01-20"}
    await kit.give(_account(1, Contract.model_validate(contract)))
    (task,) = await kit.items("tasks")
    assert (task["read_date"], task["kind"], task["cycle"], task["status"]) == ("2026-01-20", "cut", "2026-02", "open")
