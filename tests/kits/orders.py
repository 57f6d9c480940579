"""What tests of site orders share: to ask for them, to report what became of them, and to decide on it."""

from typing import Any

import httpx

from shared.events.billing import RereadRequested, SiteOrderRequested
from tests.kits.reading import UNIT, Kit

AT = "2026-02-05T10:20:00+08:00"


def order(number: str = "O1", kind: str = "inspection", **more: Any) -> dict[str, Any]:
    asked = {"asked_on": "2026-02-03", "reason": "doubted_bill", "service_point_no": "S0001"}
    return {"order_no": number, "kind": kind} | asked | more


def report(number: str = "O1", result: str | None = "in_order", **more: Any) -> dict[str, Any]:
    said = {"order_no": number, "visited_at": AT, "result": result} | more
    return {name: value for name, value in said.items() if value is not None}


def registers(value: str, meter_no: str = "M0001") -> dict[str, Any]:
    return {"meter_no": meter_no, "unit": "kWh", "registers": {"import": value}}


def reread(number: str = "Q1", point: str = "S0001", **more: Any) -> RereadRequested:
    asked: dict[str, Any] = {"account_no": "A1", "org_unit": UNIT, "bill_id": "B1", "cycle": "2026-01"}
    asked |= {"reason": "implausible", "requested_by": "reviewer-1", "asked_on": "2026-02-03"}
    return RereadRequested(request_id=number, service_point_no=point, **asked | more)


def requested(number: str = "Q1", kind: Any = "use_check", **more: Any) -> SiteOrderRequested:
    asked: dict[str, Any] = {"account_no": "A1", "org_unit": UNIT, "bill_id": "B1", "cycle": "2026-01"}
    asked |= {"reason": "review", "requested_by": "reviewer-1", "asked_on": "2026-02-03", "service_point_no": "S0001"}
    return SiteOrderRequested(request_id=number, kind=kind, **asked | more)


def visitor(kit: Kit, subject: str = "reader-7", **more: Any) -> httpx.AsyncClient:
    return kit.client(subject, "reading:field", **more)


async def _post(client: httpx.AsyncClient, path: str, items: Any) -> list[str]:
    answer = await client.post(f"/v1/site-orders{path}", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def ask(client: httpx.AsyncClient, *items: Any) -> list[str]:
    return await _post(client, "", items)


async def assign(client: httpx.AsyncClient, **assignees: str | None) -> list[str]:
    return await _post(client, "/assignments", [{"order_no": no, "assignee": who} for no, who in assignees.items()])


async def withdraw(client: httpx.AsyncClient, *items: Any) -> list[str]:
    return await _post(client, "/withdrawals", items)


async def tell(client: httpx.AsyncClient, *items: Any) -> list[str]:
    return await _post(client, "/reports", items)


async def decide(client: httpx.AsyncClient, *items: Any) -> list[str]:
    return await _post(client, "/decisions", items)


async def shown(kit: Kit, number: str = "O1") -> dict[str, Any]:
    answer = await kit.clerk.get(f"/v1/site-orders/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
