"""Whose the points are that contracts name: another bureau's are refused, whichever comes first, the contract or the point."""

from collections.abc import Sequence
from typing import Any

import pytest

from shared.events.billing import AccountChanged
from shared.events.reading import ServicePointChanged
from tests.kits.billing import Desk, state, usage

OWN, FOREIGN = ("zj/hangzhou",), "zj/ningbo"
CODE = "auth.other_org_unit"


def point(number: int, org_unit: str, version: int = 1) -> ServicePointChanged:
    return ServicePointChanged(service_point_no=f"SP{number}", version=version, route_no="R1", org_unit=org_unit)


WORKS = {
    "id": "t/works",
    "version": "1",
    "effective": {"from": "2000-01-01", "to": None},
    "on_change": {"usage": "split_by_days"},
    "sources": [{"for": "the whole document", "text": "figures of a test"}],
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
    "registers": ["sub"],
    "quantities": {"own": {"rest_of": "import", "without": ["sub"], "below_zero": "zero"}},
    "charges": [{"name": "energy", "kind": "energy", "quantity": "own", "price": "0.5"}],
}


def with_sub_meter(number: int) -> dict[str, Any]:
    """Return the state of account 1, whose contract has a sub-meter behind it."""
    made = state(1, facts=[{"from": "2020-01-01", "customer_class": "industrial"}])
    made["contracts"][0] |= {
        "tariffs": [{"from": "2020-01-01", "tariff": "t/works"}],
        "opening_usage": [],
        "sub_meters": [{"service_point_no": f"SP{number}", "quantity": "sub", "from": "2020-01-01"}],
    }
    return made


async def put(desk: Desk, units: Sequence[str] = OWN, body: dict[str, Any] | None = None) -> tuple[int, str]:
    async with desk.client(org_units=units) as client:
        answer = await client.put("/v1/accounts/A1", json=body or state())
    found = answer.json()
    return answer.status_code, found.get("code") or found["status"]


async def listed(desk: Desk, status: str, units: Sequence[str] = OWN) -> list[tuple[str, list[str], str | None]]:
    async with desk.client(org_units=units) as client:
        items = (await client.get(f"/v1/waiting-contracts?status={status}")).json()["items"]
    return [(item["contract_no"], item["service_point_nos"], item["code"]) for item in items]


async def contract(desk: Desk) -> dict[str, Any]:
    async with desk.client() as client:
        (found,) = (await client.get("/v1/accounts/A1")).json()["contracts"]
    return dict(found)


async def test_a_contract_on_a_known_point_of_another_bureau_is_refused(desk: Desk) -> None:
    await desk.tell(point(1, FOREIGN))
    assert await put(desk) == (403, CODE)
    assert await desk.published(AccountChanged) == []


async def test_a_contract_that_came_before_its_point_waits_and_is_annulled_where_that_is_another_bureaus(
    desk: Desk,
) -> None:
    assert await put(desk) == (200, "done")
    assert await listed(desk, "waiting") == [("C1", ["SP1"], None)]

    await desk.tell(point(1, FOREIGN))

    assert await listed(desk, "waiting") == []
    assert await listed(desk, "refused") == [("C1", ["SP1"], CODE)]
    assert await listed(desk, "refused", ("bj",)) == []
    assert {name: (await contract(desk))[name] for name in ("annulled", "reason")} == {"annulled": True, "reason": CODE}
    assert [fact.contracts[0].annulled for fact in await desk.published(AccountChanged)] == [False, True]
    await desk.measure(usage(1))
    assert await desk.bills("contract_no") == []
    assert await put(desk) == (403, CODE)


@pytest.mark.parametrize("units", [OWN, ("zj",), ("*",), ("bj", "zj/hangzhou")])
@pytest.mark.parametrize("first", ["contract", "point"])
async def test_a_contract_of_who_speaks_for_the_point_stands_in_any_order(
    desk: Desk, units: Sequence[str], first: str
) -> None:
    if first == "point":
        await desk.tell(point(1, "zj/hangzhou"))
    assert await put(desk, units) == (200, "done")
    await desk.tell(point(1, "zj/hangzhou"))
    await desk.measure(usage(1))
    assert await desk.bills("contract_no") == [("C1",)]
    assert await listed(desk, "waiting", units) == await listed(desk, "refused", units) == []


async def test_the_whole_utility_supplies_a_customer_of_one_bureau_at_a_point_of_another(desk: Desk) -> None:
    assert await put(desk, ("*",)) == (200, "done")
    await desk.tell(point(1, FOREIGN))
    assert await listed(desk, "refused", ("*",)) == []
    assert await put(
        desk, OWN, state(facts=[{"from": "2020-01-01", "customer_class": "residential", "people": 5}])
    ) == (
        200,
        "done",
    )


async def test_a_contract_that_was_refused_is_taken_from_who_speaks_for_both(desk: Desk) -> None:
    await put(desk)
    await desk.tell(point(1, FOREIGN))
    again = state()
    again["contracts"][0]["reason"] = "agreed between the bureaus"
    assert await put(desk, ("zj",), again) == (200, "done")
    await desk.measure(usage(1))
    assert await desk.bills("contract_no") == [("C1",)]
    assert await listed(desk, "refused") == []


async def test_a_sub_meter_of_another_bureau_is_refused_before_and_after_its_point_is_known(desk: Desk) -> None:
    await desk.activate(WORKS)
    await desk.tell(point(1, "zj/hangzhou"), point(2, FOREIGN))
    assert await put(desk, OWN, with_sub_meter(2)) == (403, CODE)
    assert await put(desk, OWN, with_sub_meter(3)) == (200, "done")
    assert await listed(desk, "waiting") == [("C1", ["SP3"], None)]

    await desk.tell(point(3, FOREIGN))

    assert await listed(desk, "refused") == [("C1", ["SP3"], CODE)]
    left = await contract(desk)
    assert (left["annulled"], left["sub_meters"]) == (False, [])
    await desk.measure(usage(1))
    assert await desk.bills("contract_no") == [("C1",)]


async def test_an_older_state_of_a_point_changes_nothing(desk: Desk) -> None:
    await desk.tell(point(1, "zj/hangzhou", version=2))
    await desk.tell(point(1, FOREIGN, version=1))
    await desk.tell(point(2, FOREIGN, version=1), point(2, "zj/hangzhou", version=2))
    assert await put(desk) == (200, "done")


async def test_a_contract_that_ends_before_its_point_is_known_stays_as_it_was_put(desk: Desk) -> None:
    await put(desk)
    ended = state()
    ended["contracts"][0]["to"] = "2026-03-01"
    assert await put(desk, OWN, ended) == (200, "done")
    assert await listed(desk, "waiting") == [("C1", ["SP1"], None)]
    await desk.tell(point(1, FOREIGN))
    assert (await contract(desk))["annulled"]


async def is_told_to_wait(desk: Desk) -> bool:
    """Return whether the metrics say that something has waited for some time."""
    async with desk.client() as client:
        return "wattline_waiting_oldest_age_seconds 0.0\n" not in (await client.get("/metrics")).text


async def test_the_age_of_the_oldest_waiting_contract_is_a_gauge(desk: Desk) -> None:
    assert not await is_told_to_wait(desk)
    assert await put(desk) == (200, "done")
    assert await is_told_to_wait(desk)
    await desk.tell(point(1, OWN[0]))
    assert not await is_told_to_wait(desk)


async def test_a_contract_that_was_annulled_waits_for_nothing(desk: Desk) -> None:
    assert await put(desk) == (200, "done")
    body = state()
    body["contracts"][0] |= {"annulled": True, "reason": "never was"}
    assert await put(desk, body=body) == (200, "done")
    assert not await is_told_to_wait(desk)
