"""A point whose supply is cut and restored: a reading service, its head-end, and the loop between them driven by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from shared.web import devices
from tests.kits import headend
from tests.kits.headend import HeadEnd
from tests.kits.reading import Kit, running

TOLD = ("switched", "switch_failed", "switch_unknown")


class World:
    """A point with a meter that a head-end switches, and that head-end."""

    def __init__(self, kit: Kit, head_end: HeadEnd) -> None:
        self.kit = kit
        self.head_end = head_end
        self.sender = headend.sender_of(kit.service)

    async def turn(self, *, later: timedelta | None = None) -> int:
        self.kit.clock.at += later or timedelta()
        return await self.sender.once()

    async def told(self) -> list[tuple[Any, ...]]:
        """(fact, order, code or what speaks against it) of all that was told, in order of kinds."""
        found: list[tuple[Any, ...]] = []
        for kind in TOLD:
            for item in await self.kit.published(f"reading.supply_{kind}.v1"):
                found.append((kind, item["order_no"], item.get("code") or item.get("although")))
        return found

    async def order(self, number: str) -> dict[str, Any]:
        answer = await self.kit.clerk.get(f"/v1/supply-orders/{number}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def tell(
        self, said: dict[str, Any], *, device: str = "headend-1", key: bytes | None = None
    ) -> httpx.Response:
        """Post what became of an order as the head-end does."""
        target, body = "/v1/supply-results", headend.callback(said)
        key = key or self.kit.device_keys[device]
        signed = devices.sign(key=key, device_id=device, method="POST", target=target, body=body)
        return await self.kit.bare(signed | {"Content-Type": "application/json"}).post(target, content=body)

    async def report(
        self, number: str, said: dict[str, Any], client: httpx.AsyncClient | None = None
    ) -> tuple[int, Any]:
        """Tell what became of an order as a person does; return the status, and the code if there is one."""
        answer = await (client or self.kit.client("fitter-1", "reading:field")).post(
            f"/v1/supply-orders/{number}/result", json=said
        )
        return answer.status_code, answer.json()["code"]

    async def state(self, number: str) -> str:
        return str((await self.order(number))["state"])


@asynccontextmanager
async def made(
    database_url: str, tmp_path: Path, meters: int = 1, head_end: HeadEnd | None = None, **more: str
) -> AsyncIterator[World]:
    async with (
        headend.serving(head_end) as serving,
        running(database_url, tmp_path, **headend.environment(serving, **more)) as kit,
    ):
        await kit.district(meters, meter_type="single_phase.remote")
        yield World(kit, serving)
