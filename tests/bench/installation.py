"""A whole installation for benches: PostgreSQL, Apache Kafka and four service processes, with the settings of `deploy/`."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx
import orjson
import psutil

from services.billing.tariffs.documents import packaged
from shared.settings import SERVICES
from shared.testing.servers import KafkaBroker, PostgresServer, free_port
from shared.web import auth, devices
from tests.kits.parties import person

SECRET = "bench-" + "k" * 40
TARIFF = "CN-ZJ/residential/time-of-use"
GO_LIVE, READ_ON = date(2026, 1, 1), date(2026, 2, 1)
BATCH = 500
ROUTE_SIZE = 2500
ORG = "zj/hangzhou/station-1"
CALL_SECONDS_MAX = 300
POLL_SECONDS = 0.1


class Installation:
    """Four services as processes, their servers, and what a loader needs to talk to them."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self.routes = max(4, accounts // ROUTE_SIZE)
        self.postgres = PostgresServer(durable=True)
        self.kafka = KafkaBroker()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {name: free_port() for name in SERVICES}
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._token, self._second = (
            auth.mint(key=SECRET, audience="wattline", subject=who, scopes=scopes, seconds=86_400)
            for who, scopes in (
                (
                    "bench",
                    (
                        *("reading:write", "reading:upload", "reading:keys", "billing:write", "notify:write"),
                        *("jobs:run", "collection:read"),
                    ),
                ),
                ("second", ("billing:release", "approvals:decide")),
            )
        )

    def __enter__(self) -> Self:
        self.postgres.start()
        self.kafka.start()
        for name in SERVICES:
            self.postgres.create_database(f"bench_{name}")
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WATTLINE_")},
            "WATTLINE_DATABASE_URL": self.postgres.url("bench_{service}").replace(
                "postgresql://", "postgresql+asyncpg://"
            ),
            "WATTLINE_EVENT_LOG": f"kafka://{self.kafka.bootstrap}",
            "WATTLINE_TOKEN_KEY": SECRET,
            "WATTLINE_DEVICE_MASTER_KEY": SECRET,
            "WATTLINE_PERSONAL_KEY": SECRET,
            "WATTLINE_NOTICE_SENDERS": "0",  # the bench ends with the queued notice: mail is another machine's work
            "WATTLINE_DATA_DIR": tempfile.mkdtemp(prefix="wattline-bench-"),
            **{f"WATTLINE_{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in self._ports.items()},
        }
        for command in (["topics", "create"], ["migrate"]):
            subprocess.run([sys.executable, "-m", "services", *command], env=self.environment, check=True)
        for name in SERVICES:
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.processes):
            self.stop(name)
        self.kafka.remove()
        self.postgres.remove()

    def start(self, name: str) -> None:
        log = (Path(self.environment["WATTLINE_DATA_DIR"]) / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "services", "service", name], env=self.environment, stdout=log, stderr=log
        )

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()

    async def ready(self) -> None:
        """Wait until all services say that they are ready."""
        for name in self.processes:
            await self.until(f"{name} ready", lambda name=name: self._is_ready(name), 60)

    async def _is_ready(self, name: str) -> bool:
        try:
            return (await self.client(name).get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    def client(self, name: str) -> httpx.AsyncClient:
        if name not in self._clients:
            self._clients[name] = httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{self._ports[name]}",
                timeout=CALL_SECONDS_MAX,
                headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            )
        return self._clients[name]

    async def call(self, service: str, method: str, path: str, body: Any) -> Any:
        answer = await self.client(service).request(method, path, content=orjson.dumps(body))
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return orjson.loads(answer.content)

    async def approve(self, asked: dict[str, Any]) -> None:
        """Activate a tariff as a second person."""
        named = {name: asked[name] for name in ("approval_id", "content_hash")}
        body = {"decision": "approve", "explanation": "seen", "items": [named]}
        by = {"Authorization": f"Bearer {self._second}"}
        answer = await self.client("billing").post("/v1/approvals/decisions", json=body, headers=by)
        if answer.status_code != 200 or answer.json()["outcomes"][0]["status"] != "done":
            raise RuntimeError(f"not activated: {answer.status_code} {answer.text[:500]}")

    async def put(self, service: str, path: str, items: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(items), BATCH):
            answer = await self.call(service, "PUT", path, {"items": items[start : start + BATCH]})
            refused = [o for o in answer["outcomes"] if o["status"] != "done"]
            if refused:
                raise RuntimeError(f"{path}: {refused[0]}")

    async def job(self, service: str, name: str, day: date) -> dict[str, Any]:
        answer: dict[str, Any] = await self.call(service, "POST", f"/v1/jobs/{name}/runs", {"business_date": str(day)})
        return answer

    async def until(self, what: str, reached: Callable[[], Awaitable[bool]], seconds_max: float) -> None:
        deadline = time.monotonic() + seconds_max
        while not await reached():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {seconds_max} s")
            await asyncio.sleep(POLL_SECONDS)

    async def connect(self, service: str) -> asyncpg.Connection:
        return await asyncpg.connect(self.postgres.url(f"bench_{service}").replace("+asyncpg", ""))

    async def set_up(self) -> None:
        """Tell all services of the accounts, over REST; none of it is timed."""
        for document in packaged.documents("sample"):
            if document.get("id") == TARIFF:
                path = f"/v1/tariffs/{document['id']}/versions/{document['version']}"
                asked = await self.call("billing", "PUT", path, document)
                await self.approve(asked)
        await self.put(
            "reading",
            "/v1/routes",
            [{"route_no": self.route_no(r), "org_unit": ORG, "read_day": 1} for r in range(self.routes)],
        )
        await self.put(
            "reading", "/v1/devices", [{"device_id": self.head_end(r), "org_unit": ORG} for r in range(self.routes)]
        )
        made = await self.call("reading", "POST", f"/v1/devices/{self.head_end(0)}/keys", {})
        self.device_key = bytes.fromhex(made["key"])
        who = range(self.accounts)
        await self.put(
            "reading",
            "/v1/service-points",
            [{"service_point_no": f"SP-{i:07}", "route_no": self.route_no(i % self.routes)} for i in who],
        )
        registers = [{"quantity": q, "digits": 8, "scale": 2} for q in ("import", "import.peak", "import.valley")]
        await self.put(
            "reading",
            "/v1/meters",
            [{"meter_no": f"M-{i:07}", "org_unit": ORG, "registers": registers, "multiplier": 1} for i in who],
        )
        opening = {"import": "1000.00", "import.peak": "600.00", "import.valley": "400.00"}
        await self.put(
            "reading",
            "/v1/installations",
            [
                {
                    "service_point_no": f"SP-{i:07}",
                    "meter_no": f"M-{i:07}",
                    "installed_on": str(GO_LIVE),
                    "unit": "kWh",
                    "opening": opening,
                }
                for i in who
            ],
        )
        await asyncio.gather(self._accounts(who), self._parties(who))
        await self.until("accounts everywhere", self._accounts_known, 600)
        await self.job("reading", "plan-cycles", READ_ON)

    async def _accounts(self, who: range) -> None:
        items = [
            {
                "account_no": f"33{i:08}",
                "org_unit": ORG,
                "opened_on": str(GO_LIVE),
                "facts": [{"from": str(GO_LIVE), "customer_class": "residential", "people": 3}],
                "contracts": [
                    {
                        "contract_no": f"K-{i:07}",
                        "service_point_no": f"SP-{i:07}",
                        "from": str(GO_LIVE),
                        "tariffs": [{"from": str(GO_LIVE), "tariff": TARIFF}],
                        "opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [0, 0, 0]}],
                    }
                ],
            }
            for i in who
        ]
        await self.put("billing", "/v1/accounts", items)

    async def _parties(self, who: range) -> None:
        items = [person(f"P-{i:07}", f"33{i:08}", ORG, f"holder-{i}@wattline.example", since=str(GO_LIVE)) for i in who]
        await self.put("notify", "/v1/parties", items)

    async def _accounts_known(self) -> bool:
        for service, table in (("reading", "contract"), ("collection", "account"), ("notify", "account")):
            connection = await self.connect(service)
            try:
                if await connection.fetchval(f"SELECT count(*) FROM {table}") < self.accounts:
                    return False
            finally:
                await connection.close()
        return True

    @staticmethod
    def route_no(index: int) -> str:
        return f"R{index:04}"

    def head_end(self, index: int) -> str:
        return f"headend-{self.route_no(index)}"

    def read_batches(self, who: range, day: date = READ_ON) -> list[tuple[bytes, dict[str, str]]]:
        """Return signed messages of 500 three-register reads each, ready to send."""
        read_at = f"{day}T00:00:00+08:00"
        messages = []
        key = self.device_key
        for start in range(who.start, who.stop, BATCH):
            items = []
            for i in range(start, min(start + BATCH, who.stop)):
                peak, valley = 12_000 + i * 7919 % 9000, 8_000 + i * 104_729 % 6000
                faces = {
                    "import": f"{1000 + (peak + valley) // 100}.{(peak + valley) % 100:02}",
                    "import.peak": f"{600 + peak // 100}.{peak % 100:02}",
                    "import.valley": f"{400 + valley // 100}.{valley % 100:02}",
                }
                items.append(
                    {"meter_no": f"M-{i:07}", "read_at": read_at, "source": "remote", "unit": "kWh", "registers": faces}
                )
            body = orjson.dumps({"items": items})
            signed = devices.sign(key=key, device_id=self.head_end(0), method="POST", target="/v1/reads", body=body)
            messages.append((body, {**signed, "Content-Type": "application/json"}))
        return messages

    async def push(self, messages: Sequence[tuple[bytes, dict[str, str]]], *, at_once: int = 4) -> None:
        """Post the messages, some at once; every one must be taken."""
        left = iter(messages)
        client = self.client("reading")

        async def worker() -> None:
            for body, headers in left:
                answer = await client.post("/v1/reads", content=body, headers=headers)
                if answer.status_code != 200 or b'"refused"' in answer.content:
                    raise RuntimeError(f"{answer.status_code} {answer.text[:300]}")

        await asyncio.gather(*(worker() for _ in range(at_once)))

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU time that each part has used so far."""
        used = {name: _cpu(psutil.Process(p.pid)) for name, p in self.processes.items()}
        used["kafka"] = _cpu(psutil.Process(self.kafka.pid))
        used["postgres"] = postgres_seconds(self.postgres)
        used["loader"] = _cpu(psutil.Process())
        return used

    def peak_mebibytes(self) -> dict[str, int]:
        """Return the highest resident memory of each service process so far."""
        peaks = {}
        for name, process in self.processes.items():
            status = Path(f"/proc/{process.pid}/status").read_text()
            line = next((row for row in status.splitlines() if row.startswith("VmHWM")), None)
            kib = int(line.split()[1]) if line else psutil.Process(process.pid).memory_info().rss // 1024
            peaks[name] = kib // 1024
        return peaks


def postgres_seconds(server: PostgresServer) -> float:
    """Return the CPU seconds of a server so far, with those of its processes that have ended."""
    postmaster = psutil.Process(server.pid)
    times = postmaster.cpu_times()
    ended = float(times.children_user + times.children_system)
    return ended + _cpu(postmaster) + sum(_cpu(child) for child in postmaster.children())


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # a PostgreSQL backend that just ended: its parent has its time
        return 0.0
    return float(times.user + times.system)


def next_day(day: date) -> date:
    return day + timedelta(days=1)
