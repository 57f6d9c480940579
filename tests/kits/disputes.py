"""What tests of disputes share: to open one, to lead it from step to step, and to enter what a test showed."""

from typing import Any

import httpx

from tests.kits import orders
from tests.kits.reading import Kit, read


def doubt(number: str = "D1", point: str = "S0001", **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"cycles": ["2026-01"], "channel": "counter", "raised_by": "customer"}
    said |= {"reason": "high_usage", "words": "Nobody was at home.", "opened_on": "2026-02-10"}
    return {"dispute_no": number, "service_point_no": point} | said | more


async def opened(client: httpx.AsyncClient, *items: Any) -> list[str]:
    answer = await client.post("/v1/disputes", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def step(client: httpx.AsyncClient, name: str, on: str, *, number: str = "D1", **body: Any) -> str:
    """Do a step, and return `done` or the code of its refusal."""
    answer = await client.post(f"/v1/disputes/{number}/{name}", json={"on": on} | body)
    return "done" if answer.status_code == 200 else str(answer.json()["code"])


def result(error: str = "3.0", **more: Any) -> dict[str, Any]:
    said = {"on": "2026-03-03", "meter_no": "M0001", "accuracy_class": "2", "error_percent": error}
    return said | {"tested_on": "2026-03-02", "certificate": "LAB-1"} | more


async def shown(kit: Kit, number: str = "D1") -> dict[str, Any]:
    answer = await kit.clerk.get(f"/v1/disputes/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def told(kit: Kit) -> list[tuple[Any, ...]]:
    """(version, state, held_until) of the facts about disputes, in order."""
    facts = await kit.published("reading.dispute_changed.v1")
    return [(each["version"], each["state"], each["held_until"]) for each in facts]


async def january(kit: Kit, points: int = 1) -> None:
    """Points of route R1 that used 100 kWh in January."""
    await kit.district(points)
    await kit.plan("2026-02-01")
    await kit.push(*(read(f"M{i:04d}", "2026-02-01", "200.00", "site") for i in range(1, points + 1)))
    await kit.close("2026-02-02")


async def reread(kit: Kit, value: str = "230.00") -> None:
    """The meter is read together, and another person decides on it."""
    visit = {"visited_at": "2026-02-25T09:10:00+08:00"} | orders.registers(value)
    assert await orders.tell(orders.visitor(kit), orders.report("O1", "as_read", **visit)) == ["awaiting_approval"]
    (order,) = await kit.items("site-orders", kind="joint_reread", reference="D1")
    assert await orders.decide(kit.clerk, {"order_no": "O1", "version": order["version"]}) == ["done"]
