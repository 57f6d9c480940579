"""What the tests of meters in stock share: ranges, movements, tests and seals as they are sent, and lives as they are shown."""

from typing import Any

from tests.kits.reading import ONE, UNIT, Kit

RANGE = {
    "range_no": "PH-1",
    "from_no": "M0901",
    "to_no": "M0905",
    "org_unit": UNIT,
    "meter_type": "single_phase.4g",
    "registers": list(ONE),
    "owner": "utility",
    "batch_no": "2026-01",
    "received_on": "2026-01-05",
}


async def send(kit: Kit, path: str, *items: Any, client: Any = None, **more: Any) -> list[str]:
    """Post items, and return the code or the status of each."""
    answer = await (client or kit.clerk).post(f"/v1/{path}", json={"items": items} | more)
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def receive(kit: Kit, **more: Any) -> list[str]:
    return await send(kit, "meter-ranges", RANGE | more)


def moved(kind: str, on: str, meter_no: str = "M0001", number: str = "", **more: Any) -> dict[str, Any]:
    number = number or f"{kind}-{meter_no}-{on}"
    return {"movement_no": number, "meter_no": meter_no, "kind": kind, "moved_on": on} | more


def lab(result: str, on: str, meter_no: str = "M0001", number: str = "", **more: Any) -> dict[str, Any]:
    return {"lab_no": number or f"L-{meter_no}-{on}", "meter_no": meter_no, "tested_on": on, "result": result} | more


def put_on(
    meter_no: str, point: str, on: str, removed_on: str | None = None, *, opening: str = "100.00"
) -> dict[str, Any]:
    item: dict[str, Any] = {"service_point_no": point, "meter_no": meter_no, "installed_on": on, "unit": "kWh"}
    item["opening"] = {"import": opening}
    return item | ({"removed_on": removed_on, "closing": {"import": opening}} if removed_on else {})


async def install(kit: Kit, *items: Any) -> list[str]:
    return [each.get("code") or each["status"] for each in await kit.put("installations", list(items))]


async def life(kit: Kit, meter_no: str = "M0001") -> Any:
    answer = await kit.clerk.get(f"/v1/meters/{meter_no}/life")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def states(kit: Kit, meter_no: str = "M0001") -> list[tuple[str, str, str | None]]:
    """State, first day and point or warehouse of the spells of a meter."""
    spells = (await life(kit, meter_no))["spells"]
    return [(each["state"], each["from"], each["service_point_no"] or each["org_unit"]) for each in spells]
