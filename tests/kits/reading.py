"""What the tests of reading share: a service without servers, a small district, clients by role, signed devices."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import httpx
from sqlalchemy import event, func, insert, select

from services.reading import main
from services.reading.network import tables as network
from services.reading.reads import tables as reads
from services.reading.settings import ReadingSettings
from services.reading.tasks import tables as tasks
from services.reading.usage import tables as usage
from services.reading.validation import tables as validation
from shared.bus.embedded import EmbeddedEventLog
from shared.db import platform
from shared.service import Service
from shared.web import auth, devices
from shared.web.scopes import OPERATING
from tests.kits import databases

KEY = "k" * 40
UNIT = "zj/hangzhou"
READER = "reader-1"
ONE = ({"quantity": "import", "digits": 8, "scale": 2},)
THREE = tuple({"quantity": q, "digits": 8, "scale": 2} for q in ("import", "import.peak", "import.valley"))


class FixedClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 15, 4, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def midnight(day: str) -> str:
    """The midnight of a civil day in Shanghai, as it is written on the wire."""
    return f"{day}T00:00:00+08:00"


def read(meter_no: str, day: str, value: str | dict[str, str], source: str = "remote", **more: Any) -> dict[str, Any]:
    registers = value if isinstance(value, dict) else {"import": value}
    read_at = more.pop("read_at", midnight(day))
    if source == "site":
        more = {"reader": READER} | more
    return {"meter_no": meter_no, "read_at": read_at, "source": source, "unit": "kWh", "registers": registers} | more


class Kit:
    """A reading service over a fresh database, driven by its routes, jobs and handlers."""

    def __init__(self, service: Service, clock: FixedClock) -> None:
        self.service = service
        self.clock = clock
        self.database = service.database
        self.clerk = self.client("clerk", "reading:read", "reading:write", "reading:upload")
        self.keeper = self.client("keeper", "reading:keys")
        self.device_keys: dict[str, bytes] = {}
        self.admin = self.client("admin", *OPERATING)

    def client(self, subject: str, *scopes: str, org_units: Sequence[str] = ("*",)) -> httpx.AsyncClient:
        token = auth.mint(key=KEY, audience="wattline", subject=subject, scopes=scopes, org_units=org_units)
        return self.bare({"Authorization": f"Bearer {token}"})

    def bare(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.service.app)
        return httpx.AsyncClient(transport=transport, base_url="http://reading", headers=headers)

    async def give(self, *facts: Any) -> None:
        """Hand facts of one type to their handler, in one unit of work."""
        assert self.service.consumer is not None
        async with self.database.begin() as tx:
            await self.service.consumer.handlers[facts[0].type](tx, facts)

    async def put(self, path: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = await self.clerk.put(f"/v1/{path}", json={"items": items})
        assert answer.status_code == 200, answer.text
        outcomes: list[dict[str, Any]] = answer.json()["outcomes"]
        return outcomes

    async def district(
        self,
        meters: int = 1,
        registers: Sequence[dict[str, Any]] = ONE,
        *,
        opening: str = "100.00",
        installed_on: str = "2026-01-01",
        **meter: Any,
    ) -> None:
        """Route R1, read on the first; points S0001… with meters M0001…, installed with the same opening registers."""
        numbers = [f"{i:04d}" for i in range(1, meters + 1)]
        made = [await self.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}])]
        made.append(
            await self.put("service-points", [{"service_point_no": f"S{n}", "route_no": "R1"} for n in numbers])
        )
        one = {"org_unit": UNIT, "registers": list(registers)} | meter
        made.append(await self.put("meters", [{"meter_no": f"M{n}"} | one for n in numbers]))
        shown = {register["quantity"]: opening for register in registers}
        made.append(
            await self.put(
                "installations",
                [
                    {
                        "service_point_no": f"S{n}",
                        "meter_no": f"M{n}",
                        "installed_on": installed_on,
                        "unit": "kWh",
                        "opening": shown,
                    }
                    for n in numbers
                ],
            )
        )
        assert all(outcome["status"] == "done" for outcomes in made for outcome in outcomes), made

    async def move(self, read_day: int, since: str, *, point: str = "", months: int = 1, first_month: int = 1) -> None:
        """Give route R1, or a point of it alone, another read day from a cycle on, without asking anybody."""
        row = {"route_no": "R1", "service_point_no": point, "from_cycle": since}
        row |= {"read_day": read_day, "months": months, "first_month": first_month}
        async with self.database.begin() as tx:
            await tx.execute(insert(network.READ_DAY).values(row))

    async def job(self, name: str, business_date: str) -> Any:
        answer = await self.admin.post(f"/v1/jobs/{name}/runs", json={"business_date": business_date})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def plan(self, business_date: str) -> Any:
        return await self.job("plan-cycles", business_date)

    async def close(self, business_date: str) -> Any:
        return await self.job("close-routes", business_date)

    async def push(self, *items: Any) -> list[dict[str, Any]]:
        """Post reads with a clerk's token, and return the outcomes."""
        headers = {"Content-Type": "application/json"}
        answer = await self.clerk.post("/v1/reads", content=json.dumps({"items": items}), headers=headers)
        assert answer.status_code == 200, answer.text
        outcomes: list[dict[str, Any]] = answer.json()["outcomes"]
        return outcomes

    async def push_one(self, *args: Any, **more: Any) -> dict[str, Any]:
        (outcome,) = await self.push(read(*args, **more))
        return outcome

    async def device(self, device_id: str, org_unit: str = "zj", **more: Any) -> None:
        """Put a device, and make the key that `push_as_device` signs with."""
        await self.clerk.put(f"/v1/devices/{device_id}", json={"org_unit": org_unit} | more)
        self.device_keys[device_id] = bytes.fromhex((await self.make_key(device_id))["key"])

    async def make_key(self, device_id: str, overlap_until: str | None = None) -> dict[str, Any]:
        answer = await self.keeper.post(f"/v1/devices/{device_id}/keys", json={"overlap_until": overlap_until})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def push_as_device(
        self, device_id: str, *items: dict[str, Any], key: bytes | None = None, **signing: Any
    ) -> httpx.Response:
        body = json.dumps({"items": items}).encode()
        key = key or self.device_keys.get(device_id, b"of nobody")
        headers = devices.sign(
            key=key, device_id=device_id, method="POST", target="/v1/reads", body=body, **signing
        ) | {"Content-Type": "application/json"}
        return await self.bare(headers).post("/v1/reads", content=body)

    async def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        answer = await self.clerk.get(f"/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def usages(self, point: str = "S0001") -> list[dict[str, Any]]:
        """All versions of a point's usages, by period and version."""
        found = await self.items("usages", service_point_no=point)
        return sorted(found, key=itemgetter("period_to", "version"))

    async def energies(self, point: str = "S0001") -> list[tuple[str, int, str, int]]:
        """(period_to, version, quality, import Wh) of a point's usages, in order of period and version."""
        found = await self.usages(point)
        return sorted((u["period_to"], u["version"], u["quality"], u["energy_wh"]["import"]) for u in found)

    async def published(self, kind: str) -> list[dict[str, Any]]:
        """The journalled facts of a type, in order."""
        journal = platform.TABLES.event_journal
        async with self.database.view() as view:
            rows = await view.all(select(journal.c.type, journal.c.payload).order_by(journal.c.position))
        return [item for row in rows if row.type == kind for item in json.loads(row.payload)["items"]]

    async def counts(self) -> dict[str, int]:
        """Rows by table: what a refused request leaves as it was."""
        of_reads = (reads.READ, reads.CORRECTION, reads.CURVE, reads.WAITING, reads.WAITING_CURVE)
        tables = (*of_reads, usage.USAGE, validation.FINDING, tasks.TASK)
        async with self.database.view() as view:
            return {table.name: await view.scalar(select(func.count()).select_from(table)) for table in tables}


class Statements:
    """Counts the SQL statements of a service while it is entered."""

    def __init__(self, kit: Kit) -> None:
        self._engine = kit.database.engine.sync_engine
        self.texts: list[str] = []

    def _note(self, _conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("PRAGMA"):
            self.texts.append(statement)

    def __enter__(self) -> "Statements":
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)


@asynccontextmanager
async def running(database_url: str, directory: Any, **environment: str) -> AsyncIterator[Kit]:
    """A migrated reading service, its consumer and relay not started."""
    settings = ReadingSettings.load(
        {
            "WATTLINE_TOKEN_KEY": KEY,
            "WATTLINE_DEVICE_MASTER_KEY": KEY,
            "WATTLINE_DATABASE_URL": database_url,
            "WATTLINE_DATA_DIR": str(directory),
        }
        | environment
    )
    await databases.migrate(database_url, "reading")
    clock = FixedClock()
    service = main.build(settings, event_log=EmbeddedEventLog(str(directory / "events.db")), clock=clock)
    kit = Kit(service, clock)
    try:
        yield kit
    finally:
        await service.database.close()


async def january(kit: Kit, meters: int = 1) -> None:
    """100 kWh in January (31 days)."""
    await kit.district(meters)
    await kit.plan("2026-02-01")
    await kit.push(*(read(f"M{i:04d}", "2026-02-01", "200.00") for i in range(1, meters + 1)))
    await kit.close("2026-02-02")


async def estimated_february(kit: Kit) -> None:
    """28 days of 100 kWh a month of 31: 90.32 kWh; the register stands at 290.32."""
    await january(kit)
    await kit.plan("2026-03-01")
    await kit.close("2026-03-02")
