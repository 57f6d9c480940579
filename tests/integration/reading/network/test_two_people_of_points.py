"""What was told of billed days becomes otherwise by another connection by two people alone; on both databases."""

from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from services.reading.policies import domain as policies
from services.reading.settings import SHIPPED_POLICY
from tests.kits.approvals import decided
from tests.kits.reading import UNIT, Kit, read

POINT = {"service_point_no": "S0001", "route_no": "R1"}
AS_READ = ("2026-02-01", 1, "actual", 9_000_000)
KW = 8  # 5,952 kWh in January


def second(kit: Kit, subject: str = "second", *org_units: str) -> httpx.AsyncClient:
    return kit.client(subject, "reading:read", "reading:write", "approvals:decide", org_units=org_units or ["*"])


async def put(kit: Kit, connection_kw: int | None, **more: Any) -> httpx.Response:
    return await kit.clerk.put(
        "/v1/service-points/S0001", json={"route_no": "R1", "connection_kw": connection_kw} | more
    )


async def shown(kit: Kit) -> dict[str, Any]:
    (point,) = [one for one in await kit.items("service-points") if one["service_point_no"] == "S0001"]
    return point


async def large(kit: Kit, *, closed: bool = True) -> None:
    """9,000 kWh in January."""
    await kit.district(2)
    await kit.plan("2026-02-01")
    await kit.push(read("M0001", "2026-02-01", "9100.00"))
    if closed:
        await kit.close("2026-02-02")


async def asked(kit: Kit, answer: httpx.Response) -> dict[str, Any]:
    """Return what is asked for by an answer."""
    assert (answer.status_code, answer.json()["status"]) == (202, "awaiting_approval"), answer.text
    listed = (await second(kit).get("/v1/approvals?kind=service_point.change")).json()["items"]
    (found,) = [one for one in listed if one["approval_id"] == answer.json()["id"]]
    return dict(found)


async def test_a_connection_that_changes_what_was_told_of_billed_days_is_put_by_two_people(kit: Kit) -> None:
    await large(kit)

    waits = await asked(kit, await put(kit, KW))

    assert await asked(kit, await put(kit, KW)) == waits, "asked once"
    other = await put(kit, KW + 1)
    assert (other.status_code, other.json()["code"]) == (409, "approval.asked_already")
    kws = [waits["content"][when]["connection_kw"] for when in ("before", "after")]
    assert (waits["subject_id"], waits["org_unit"], kws) == ("S0001", UNIT, [None, KW])
    clerk = kit.client("clerk", "reading:write", "approvals:decide")
    assert await decided(clerk, [waits]) == ["approval.own_request"]
    assert await decided(second(kit, "n", "zj/ningbo"), [waits]) == ["approval.unknown"]
    assert (await shown(kit))["connection_kw"] is None, "asked is not done"
    assert await kit.energies() == [AS_READ]

    assert await decided(second(kit), [waits]) == ["done"]

    assert (await shown(kit))["connection_kw"] == KW
    assert [each[1:] for each in await kit.energies()] == [AS_READ[1:], (2, "actual", 0)], "withdrawn"
    assert (await put(kit, KW)).json()["status"] == "already_done"
    assert await decided(second(kit), [waits]) == ["approval.not_pending"]


@pytest.mark.parametrize(("closed", "kw"), [(False, KW), (True, 20)], ids=["open window", "nothing told otherwise"])
async def test_a_connection_that_changes_nothing_of_billed_days_is_put_by_one_person(
    kit: Kit, closed: bool, kw: int
) -> None:
    await large(kit, closed=closed)

    assert (await put(kit, kw)).json()["status"] == "done"

    assert (await shown(kit))["connection_kw"] == kw


async def test_a_point_that_awaits_a_second_person_stops_no_other_of_its_batch(kit: Kit) -> None:
    await large(kit)
    items = [
        POINT | {"service_point_no": "S0002", "connection_kw": KW},
        POINT | {"connection_kw": KW},
        POINT | {"service_point_no": "S0003"},
        POINT | {"service_point_no": "S0004", "route_no": "R9"},
    ]

    outcomes = await kit.put("service-points", items)

    assert [each["status"] for each in outcomes] == ["done", "awaiting_approval", "done", "refused"]
    again = await kit.put("service-points", items)
    assert [each["status"] for each in again] == ["already_done", "awaiting_approval", "already_done", "refused"]
    assert again[1]["id"] == outcomes[1]["id"]


async def test_a_point_that_was_put_otherwise_meanwhile_is_not_changed_by_the_approval(kit: Kit) -> None:
    await large(kit)
    await kit.put("routes", [{"route_no": "R2", "org_unit": "zj/ningbo", "read_day": 1}])
    waits = await asked(kit, await put(kit, KW, route_no="R2", org_unit=UNIT))
    assert waits["org_unit"] == "", "of two bureaus: those alone who see both"
    assert await decided(second(kit, "n", UNIT), [waits]) == ["approval.unknown"]
    assert (await put(kit, 20)).json()["status"] == "done"

    assert await decided(second(kit), [waits]) == ["precondition.stale"]

    assert ((await shown(kit))["route_no"], (await shown(kit))["connection_kw"]) == ("R1", 20)


async def test_one_person_is_enough_where_the_policy_says_so(kit: Kit) -> None:
    await large(kit)
    document = orjson.loads(SHIPPED_POLICY.read_bytes())
    document["versions"][0]["approvals"] = {"service_point.change": []}
    state = kit.service.app.state
    state.context = replace(state.context, policies=policies.load(document))

    assert (await put(kit, KW)).json()["status"] == "done"


async def test_what_was_told_of_billed_days_once_comes_back_to_them_by_two_people_too(kit: Kit) -> None:
    await large(kit)
    assert await decided(second(kit), [await asked(kit, await put(kit, KW))]) == ["done"]

    waits = await asked(kit, await put(kit, None))

    assert len(await kit.energies()) == 2
    assert await decided(second(kit), [waits]) == ["done"]
    assert (await kit.energies())[-1] == ("2026-02-01", 3, "actual", 9_000_000)
