"""Devices and head-ends over REST: listed to who may see them, and of no other bureau's meter."""

from typing import Any

import pytest

from tests.kits.reading import ONE, UNIT, Kit

FOREIGN = "zj/ningbo"


async def put(kit: Kit, device_id: str, **device: Any) -> str:
    client = kit.client("clerk-2", "reading:write", org_units=["zj"])
    answer = await client.put("/v1/devices", json={"items": [{"device_id": device_id} | device]})
    outcome = answer.json()["outcomes"][0]
    return str(outcome.get("code") or outcome["status"])


async def two_meters(kit: Kit) -> None:
    units = {"M1": UNIT, "M2": FOREIGN}
    await kit.put("meters", [{"meter_no": no, "org_unit": at, "registers": list(ONE)} for no, at in units.items()])


@pytest.mark.parametrize(
    ("meter_no", "code"), [("M1", "done"), ("M2", "auth.other_org_unit"), ("M9", "reading.unknown_meter")]
)
async def test_a_device_is_a_meter_that_is_there_and_no_other_bureaus(kit: Kit, meter_no: str, code: str) -> None:
    await two_meters(kit)
    assert await put(kit, "D1", org_unit=UNIT, meter_no=meter_no) == code
    assert len(await kit.items("devices")) == (code == "done")


async def test_a_device_is_moved_to_no_other_bureaus_meter_and_one_that_is_there_is_stopped(kit: Kit) -> None:
    await two_meters(kit)
    device = {"org_unit": UNIT, "meter_no": "M1"}
    assert await put(kit, "D1", **device) == "done"
    assert await put(kit, "D1", **device | {"meter_no": "M2"}) == "auth.other_org_unit"
    assert await put(kit, "D1", **device | {"org_unit": FOREIGN}) == "auth.other_org_unit"
    await kit.put("meters", [{"meter_no": "M1", "org_unit": FOREIGN, "registers": list(ONE)}])
    assert await put(kit, "D1", **device, active=False) == "done"


async def test_devices_are_listed_page_by_page_to_who_may_see_them_without_any_key(kit: Kit) -> None:
    await two_meters(kit)
    for number, org_unit in enumerate((UNIT, FOREIGN, "zj")):
        await kit.device(f"D{number}", org_unit)
    await put(kit, "D3", org_unit=UNIT, meter_no="M1", active=False)
    first = (await kit.clerk.get("/v1/devices", params={"limit": 2})).json()
    rest = (await kit.clerk.get("/v1/devices", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["device_id"] for page in (first, rest) for item in page["items"]] == ["D0", "D1", "D2", "D3"]
    assert rest["items"][1] == {"device_id": "D3", "org_unit": UNIT, "meter_no": "M1", "active": False}
    own = kit.client("other", "reading:read", org_units=[UNIT])
    assert [item["device_id"] for item in (await own.get("/v1/devices")).json()["items"]] == ["D0", "D3"]
