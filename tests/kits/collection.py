"""What the tests of collection share: bills, accounts, a started service without servers, a client with a role."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy import event, select

from services.collection import main
from services.collection.base import PLATFORM
from services.collection.ledger.domain import policy
from services.collection.ledger.tables import FINDING
from services.collection.payments.api import channels
from services.collection.settings import SHIPPED_POLICY, CollectionSettings
from services.collection.views.store import invariants
from shared.bus.embedded import EmbeddedEventLog
from shared.document import Node
from shared.events.billing import AccountChanged, Bill, BillCorrected, BillIssued, Component, Difference
from shared.service import Service
from shared.web import auth
from shared.web.scopes import OPERATING
from tests.kits import databases
from tests.kits.approvals import decided

KEY = "k" * 40
SECRET = "s" * 40
READ_POLICY = partial(policy.read, also=main.also(policy))
POLICY = Node.read(json.loads(SHIPPED_POLICY.read_text()), READ_POLICY)
TODAY = date(2026, 4, 15)


@dataclass
class HandClock:
    """A clock that a test moves."""

    at: datetime = datetime(2026, 4, 15, 4, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def bill(
    bill_id: str,
    total_fen: int = 10_000,
    *,
    account_no: str = "A1",
    issued_on: date = date(2026, 2, 2),
    due_on: date = date(2026, 2, 22),
    components: Sequence[tuple[str, int]] | None = None,
    cycle: str = "2026-01",
) -> Bill:
    parts = [("energy", total_fen)] if components is None else components
    return Bill(
        bill_id=bill_id,
        account_no=account_no,
        contract_no=f"C-{account_no}",
        service_point_no=f"S-{account_no}",
        org_unit="zj/hangzhou",
        route_no="R1",
        cycle=cycle,
        period_from=date(2026, 1, 1),
        period_to=date(2026, 2, 1),
        version=1,
        issued_on=issued_on,
        due_on=due_on,
        total_fen=total_fen,
        components=tuple(Component(component=name, amount_fen=amount_fen) for name, amount_fen in parts),
        energy_wh=1000,
        estimated=False,
        usage_id=f"U-{bill_id}",
        tariff="T@1",
    )


def issued(one: Bill) -> BillIssued:
    return BillIssued(account_no=one.account_no, bill=one)


def corrected(
    correction_id: str, reversals: Sequence[Bill], replacements: Sequence[Bill], on: date = date(2026, 3, 5)
) -> BillCorrected:
    return BillCorrected(
        account_no=reversals[0].account_no,
        correction_id=correction_id,
        corrected_on=on,
        reason="reread",
        reversals=tuple(reversals),
        replacements=tuple(replacements),
    )


def adjusted(
    correction_id: str, pairs: Sequence[tuple[Bill, Bill | None]], on: date = date(2026, 3, 5)
) -> BillCorrected:
    """A correction by difference of bills, each with what takes its place; its documents are `D-<bill>`."""
    documents = []
    for old, new in pairs:
        was = {part.component: part.amount_fen for part in old.components}
        now = {part.component: part.amount_fen for part in new.components} if new else {}
        parts = [(name, now.get(name, 0) - was.get(name, 0)) for name in {**was, **now}]
        documents.append(
            Difference(
                difference_id=f"D-{old.bill_id}",
                bill_id=old.bill_id,
                replacement_id=new.bill_id if new else None,
                cycle=old.cycle,
                due_on=on + timedelta(days=20),
                total_fen=sum(fen for _, fen in parts),
                components=tuple(Component(component=name, amount_fen=fen) for name, fen in parts),
            )
        )
    whole = corrected(correction_id, [old for old, _ in pairs], [new for _, new in pairs if new], on)
    return whole.model_copy(update={"differences": tuple(documents)})


def account(account_no: str = "A1", version: int = 1, org_unit: str = "zj/hangzhou") -> AccountChanged:
    return AccountChanged(
        account_no=account_no,
        version=version,
        org_unit=org_unit,
        customer_class="residential",
        opened_on=date(2020, 1, 1),
        contracts=(),
    )


class Kit:
    """A collection service over a fresh database, driven by its handlers, its routes and its jobs."""

    def __init__(self, service: Service, clock: HandClock) -> None:
        self.service = service
        self.clock = clock
        self.database = service.database
        self.clerk = self.client("clerk", "collection:read", "collection:write", "approvals:decide")
        self.second = self.client("second", "collection:read", "collection:write", "approvals:decide")
        self.cashier = self.client("cashier", "collection:read", "collection:cashier")
        self.admin = self.client("admin", *OPERATING)

    async def give(self, *facts: Any) -> None:
        """Hand facts of one type to their handler, in one unit of work."""
        async with self.posting(*facts):
            pass

    @asynccontextmanager
    async def posting(self, *facts: Any) -> AsyncIterator[None]:
        """Hand facts of one type to their handler, in a unit of work that stays open inside."""
        async with self.database.begin() as tx:
            assert self.service.consumer is not None
            await self.service.consumer.handlers[facts[0].type](tx, facts)
            yield

    def client(self, subject: str, *scopes: str, org_units: Sequence[str] = ("*",)) -> httpx.AsyncClient:
        token = auth.mint(key=KEY, audience="wattline", subject=subject, scopes=scopes, org_units=org_units)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.service.app),
            base_url="http://collection",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def pay(self, amount_fen: int, account_no: str = "A1", key: str = "", on: str = "2026-03-01") -> Any:
        """Take money at the counter, and return the answer's body."""
        self._keys = getattr(self, "_keys", 0) + 1
        answer = await self.cashier.post(
            "/v1/payments",
            json={"account_no": account_no, "amount_fen": amount_fen, "received_on": on},
            headers={"Idempotency-Key": key or f"pay-{self._keys}"},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def order(self, amount_fen: int, account_no: str = "A1", channel: str = "app") -> str:
        self._keys = getattr(self, "_keys", 0) + 1
        answer = await self.clerk.post(
            "/v1/payment-orders",
            json={"account_no": account_no, "amount_fen": amount_fen, "channel": channel},
            headers={"Idempotency-Key": f"order-{self._keys}"},
        )
        assert answer.status_code == 201, answer.text
        order_id: str = answer.json()["order_id"]
        return order_id

    async def call_back(
        self,
        order_id: str,
        amount_fen: int,
        txn: str = "T1",
        *,
        channel: str = "app",
        secret: str = SECRET,
        paid_on: str = "2026-03-01",
    ) -> httpx.Response:
        """Report a payment as a channel does."""
        report = {"channel_txn": txn, "order_id": order_id, "amount_fen": amount_fen, "paid_on": paid_on}
        return await self.report(orjson.dumps(report), channel=channel, secret=secret)

    async def report(self, body: bytes, *, channel: str = "app", secret: str = SECRET) -> httpx.Response:
        headers = {channels.HEADER: channels.sign(secret.encode(), body), "Content-Type": "application/json"}
        transport = httpx.ASGITransport(self.service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://collection") as client:
            return await client.post(f"/v1/channels/{channel}/callbacks", content=body, headers=headers)

    def two_people(self, steps: dict[str, list[dict[str, Any]]]) -> None:
        """Go on under a policy with these steps by kind, silent about all others."""
        document = json.loads(SHIPPED_POLICY.read_text())
        document["versions"][0]["approvals"] = steps
        state = self.service.app.state
        state.context = replace(
            state.context,
            policy=Node.read(document, READ_POLICY),
        )

    async def close(self, month: str) -> list[str]:
        """Let one person ask for the closing of a month, and another one close it; return what became of that."""
        answer = await self.clerk.post(f"/v1/months/{month}/close")
        assert answer.status_code == 202, answer.text
        return await decided(self.second, [answer.json()])

    async def rows(self, table: Any) -> list[dict[str, Any]]:
        async with self.database.view() as view:
            return [dict(row._mapping) for row in await view.all(select(table))]

    async def money(self, account_no: str = "A1") -> tuple[int, int]:
        """Return (outstanding, prepaid) of an account."""
        body = (await self.clerk.get(f"/v1/accounts/{account_no}")).json()
        return body["outstanding_fen"], body["prepaid_fen"]

    async def facts(self, kind: str) -> list[dict[str, Any]]:
        """Return the journalled facts of a type."""
        journal = PLATFORM.event_journal
        async with self.database.view() as view:
            rows = await view.all(select(journal.c.payload).where(journal.c.type == kind).order_by(journal.c.position))
        return [item for row in rows for item in json.loads(row.payload)["items"]]

    async def findings(self) -> list[str]:
        return sorted(row["code"] for row in await self.rows(FINDING))

    async def check_books(self) -> None:
        """Assert every invariant of the books."""
        async with self.database.view() as view:
            found = await invariants.invariants(view, POLICY)
        assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {}


@asynccontextmanager
async def started(database_url: str, tmp_path: Any) -> AsyncIterator[Kit]:
    """Give a collection service over a migrated database."""
    await databases.migrate(database_url, "collection")
    settings = CollectionSettings.load(
        {
            "WATTLINE_DATABASE_URL": database_url,
            "WATTLINE_TOKEN_KEY": KEY,
            "WATTLINE_CHANNEL_SECRETS": json.dumps({"app": SECRET, "wallet": SECRET}),
        }
    )
    log = EmbeddedEventLog(str(tmp_path / "events.db"))
    clock = HandClock()
    service = main.build(settings, event_log=log, clock=clock)
    try:
        yield Kit(service, clock)
    finally:
        await service.database.close()


@contextmanager
def counted(kit: Kit) -> Iterator[list[str]]:
    """Collect the statements that reach the database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(re.sub(r"\s+", " ", statement)[:200])

    engine = kit.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


OPENING = {
    "document_no": "OLD-1",
    "account_no": "A1",
    "amount_fen": 100,
    "issued_on": "2025-12-01",
    "due_on": "2025-12-20",
    "posted_on": "2026-03-01",
}


@asynccontextmanager
async def started_with_a_closed_month(tmp_path: Path) -> AsyncIterator[Kit]:
    """Give a service in which A1 owes a bill and January is closed; its books are checked at the end."""
    async with started(f"sqlite+aiosqlite:///{tmp_path}/test.db", tmp_path) as made:
        await made.give(account())
        await made.give(issued(bill("B1", 1_000)))
        assert await made.close("2026-01") == ["done"]
        yield made
        await made.check_books()


async def put_openings(kit: Kit, *items: dict[str, Any]) -> Any:
    """Put what customers owed when the utility went live, and return the answer."""
    return await kit.clerk.put("/v1/opening-receivables", json={"items": list(items)})
