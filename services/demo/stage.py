"""The demo's side of the REST interfaces: who calls, batches, signatures, waiting, progress."""

import asyncio
import hashlib
import hmac
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from typing import Any, Self

import httpx
import orjson

from services.command import local
from services.demo.district import District
from services.demo.mailbox import Mailbox
from shared import httpclient
from shared.settings import SERVICES, Settings
from shared.web import devices

SCOPES = {
    "engineer-1": ("reading:write",),
    "keeper-1": ("reading:keys",),
    "uploader-1": ("reading:upload",),
    "clerk-1": ("billing:write", "notify:write"),
    "clerk-2": ("notify:answers",),
    "operator-1": ("jobs:run", "dead_letters:read", "dead_letters:run"),
    "reviewer-1": ("billing:read", "billing:review"),
    "reviewer-2": ("billing:review", "approvals:decide"),
    "hotline-1": ("billing:review",),
    "investigator-1": ("billing:review",),
    "inspector-1": ("reading:field",),
    "reader-7": ("reading:field",),
    "supervisor-1": ("billing:release", "reading:write", "approvals:decide"),
    "cashier-1": ("collection:read", "collection:write", "collection:cashier"),
    "cashier-2": ("collection:read", "collection:write"),
    "auditor-1": (
        "reading:read",
        "billing:read",
        "collection:read",
        "notify:read",
        "notify:answers",
        "approvals:read",
        "totals:read",
        "trace:read",
    ),
}
"""Who plays, and what each may: reader, uploader, reviewer and cashiers are different people."""

TOKEN_SECONDS = 3600
BATCH = 500
DECISIONS = 200
WAIT_SECONDS_MAX = 300.0
LOOK_SECONDS = 0.1
QUIET_LOOKS = 5
TO_BE_HEARD = ("wattline_journal_pending", "wattline_consumer_event_lag_seconds")
PAGES_MAX = 10_000
AT_ONCE = 6


class DemoFailed(Exception):
    """Something that must happen did not; the text says what."""


class Stage:
    """Everything that a step of the demo needs."""

    def __init__(self, district: District, settings: Settings, channel_secret: str, mailbox: Mailbox) -> None:
        self.district = district
        self.mailbox = mailbox
        self.outcomes: Counter[str] = Counter()
        self.taken: Counter[tuple[str, str]] = Counter()  # what reading has accepted, by its form and cycle
        self.misread_id = ""
        self._device_keys: dict[str, bytes] = {}
        self._settings = settings
        self._channel_secret = channel_secret
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._began = time.monotonic()
        self._tokens = {
            who: local.mint(settings, subject=who, scopes=scopes, seconds=TOKEN_SECONDS)
            for who, scopes in SCOPES.items()
        }
        self._at_once = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        async with AsyncExitStack() as stack:
            for name in SERVICES:
                client = httpclient.client(self._settings.url_of(name))
                self._clients[name] = await stack.enter_async_context(client)
            yield self

    def say(self, text: str) -> None:
        """Show progress."""
        print(f"{time.monotonic() - self._began:5.1f} s  {text}", flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    async def call(
        self, who: str, method: str, service: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Any:
        """Return the JSON of an answer; raises `DemoFailed` for a refusal."""
        content = None if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        given = {"Authorization": f"Bearer {self._tokens[who]}"} if who in self._tokens else {}
        kind = "text/csv" if isinstance(body, bytes) and path.startswith("/v1/reads/csv") else "application/json"
        given |= {"Content-Type": kind, **(headers or {})}
        async with self._at_once:
            answer = await self._clients[service].request(method, path, content=content, headers=given)
        if not answer.is_success:
            raise DemoFailed(f"{method} {service} {path.partition('?')[0]}: {answer.status_code} {answer.text[:300]}")
        return orjson.loads(answer.content)

    async def approve(self, service: str, *asked: dict[str, Any], who: str = "supervisor-1") -> None:
        """Approve what others asked for, as a second person; what is approved already stays so."""
        items = [{name: each[name] for name in ("approval_id", "content_hash")} for each in asked]
        for start in range(0, len(items), DECISIONS):
            body = {
                "decision": "approve",
                "explanation": "Checked against what it rests on.",
                "items": items[start : start + DECISIONS],
            }
            answer = await self.call(who, "POST", service, "/v1/approvals/decisions", body)
            for outcome in answer["outcomes"]:
                if outcome["status"] != "done" and outcome["code"] != "approval.not_pending":
                    raise DemoFailed(f"a second person was refused: {outcome['code']} {outcome['message']}")

    async def put(self, who: str, service: str, path: str, items: Sequence[dict[str, Any]]) -> None:
        """Put items in batches; all must be done."""
        for start in range(0, len(items), BATCH):
            body = {"items": items[start : start + BATCH]}
            self.count(await self.call(who, "PUT", service, path, body), {"done"})

    async def make_keys(self, device_ids: Sequence[str]) -> None:
        """Make a key for each device; whoever is told one keeps it, since nobody is told it again."""
        body = {"items": [{"device_id": device_id} for device_id in device_ids]}
        made = self.count(await self.call("keeper-1", "POST", "reading", "/v1/device-keys", body), {"done"})
        self._device_keys |= {
            device_id: bytes.fromhex(each["key"]) for device_id, each in zip(device_ids, made, strict=True)
        }

    def count(self, answer: dict[str, Any], allowed: set[str]) -> list[dict[str, Any]]:
        """Count the outcomes of a batch; one that is not allowed fails the demo."""
        outcomes: list[dict[str, Any]] = answer["outcomes"]
        for outcome in outcomes:
            if outcome["status"] not in allowed:
                raise DemoFailed(f"an item was {outcome['status']}: {outcome.get('code')} {outcome.get('message')}")
        self.outcomes.update(outcome["status"] for outcome in outcomes)
        return outcomes

    async def push(self, device_id: str, path: str, items: Sequence[dict[str, Any]], allowed: set[str]) -> None:
        """Send items as a head-end: each message signed with its own nonce."""
        key = self._device_keys[device_id]
        for start in range(0, len(items), BATCH):
            body = orjson.dumps({"items": items[start : start + BATCH]})
            signed = devices.sign(key=key, device_id=device_id, method="POST", target=path, body=body)
            self.count(await self.call(device_id, "POST", "reading", path, body, headers=signed), allowed)

    async def job(self, service: str, name: str, day: date) -> dict[str, Any]:
        """Run a job for a business date, and return what it counted."""
        path = f"/v1/jobs/{name}/runs"
        answer: dict[str, Any] = await self.call("operator-1", "POST", service, path, {"business_date": str(day)})
        return answer

    async def order(self, account_no: str, amount_fen: int) -> str:
        """Order a payment by app."""
        body = {"account_no": account_no, "amount_fen": amount_fen, "channel": "app"}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer = await self.call("cashier-1", "POST", "collection", "/v1/payment-orders", body, headers=key)
        return str(answer["order_id"])

    async def callback(self, order_id: str, amount_fen: int, paid_on: date) -> dict[str, Any]:
        """Report, as the channel, that an order was paid."""
        body = orjson.dumps(
            {
                "channel_txn": f"txn-{order_id}",
                "order_id": order_id,
                "amount_fen": amount_fen,
                "paid_on": str(paid_on),
            }
        )
        signature = hmac.new(self._channel_secret.encode(), body, hashlib.sha256).hexdigest()
        answer: dict[str, Any] = await self.call(
            "app", "POST", "collection", "/v1/channels/app/callbacks", body, headers={"X-Channel-Signature": signature}
        )
        return answer

    async def counter(self, account_no: str, amount_fen: int, day: date) -> dict[str, Any]:
        """Take money at the counter."""
        body = {"account_no": account_no, "amount_fen": amount_fen, "received_on": str(day)}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer: dict[str, Any] = await self.call("cashier-1", "POST", "collection", "/v1/payments", body, headers=key)
        return answer

    async def get(self, service: str, path: str) -> Any:
        return await self.call("auditor-1", "GET", service, path)

    async def all(self, service: str, path: str, **filters: str) -> list[dict[str, Any]]:
        """Return all items of a list."""
        items: list[dict[str, Any]] = []
        cursor: str | None = ""
        for _ in range(PAGES_MAX):
            query = httpx.QueryParams({**filters, "limit": "500"} | ({"cursor": cursor} if cursor else {}))
            page = await self.get(service, f"{path}?{query}")
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items
        raise DemoFailed(f"{path} has no end")

    async def totals(self, cycle: str) -> dict[str, dict[str, int]]:
        """Return the control totals of all services for a cycle."""
        found = [await self.get(name, f"/v1/control-totals?cycle={cycle}") for name in SERVICES]
        return dict(zip(SERVICES, found, strict=True))

    async def metrics(self, service: str) -> dict[str, float]:
        """Return the metrics of a service that have no labels; nothing where it does not answer."""
        try:
            answer = await self._clients[service].get("/metrics")
        except httpx.TransportError:
            return {}
        lines = (line.split(" ") for line in answer.text.splitlines() if answer.is_success and line[:1] != "#")
        return {parts[0]: float(parts[1]) for parts in lines if "{" not in parts[0]}

    async def heard(self) -> None:
        """Wait until the services seem to have told each other everything; a job comes by again the day after anyway."""
        looks = 0

        async def reached() -> bool:
            nonlocal looks
            told = [await self.metrics(name) for name in SERVICES]
            looks = looks + 1 if not any(each.get(gauge, 1.0) for each in told for gauge in TO_BE_HEARD) else 0
            return looks >= QUIET_LOOKS

        await self.until("everything that was told is heard", reached)

    async def until(self, what: str, reached: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what the services tell each other by events."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not await reached():
            if time.monotonic() > deadline:
                raise DemoFailed(f"did not happen within {WAIT_SECONDS_MAX:.0f} s: {what}")
            await asyncio.sleep(LOOK_SECONDS)
