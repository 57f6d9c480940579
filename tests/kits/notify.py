"""The notify service on a real database, with facts to feed it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
from sqlalchemy import event, select

from services.notify import kinds
from services.notify.base import PLATFORM
from services.notify.causes.consumers import use_cases
from services.notify.leaflets import domain as leaflets
from services.notify.letters import store as letters
from services.notify.main import build, load_policy, load_templates
from services.notify.notices.tables import NOTICE, UNADDRESSED
from services.notify.notices.use_cases import unaddressed
from services.notify.parties import use_cases as parties
from services.notify.parties.domain import ContactPoint, Party, Role, Verification
from services.notify.policies.domain import Policies, Policy, Retry
from services.notify.questions.domain.links import Links
from services.notify.sending.gateways.smtp import SmtpServer as Server
from services.notify.sending.gateways.smtp import SmtpSession
from services.notify.sending.sender import Sender
from services.notify.sending.use_cases import Rules
from services.notify.settings import NotifySettings
from services.notify.vault import Vault
from shared.bus.embedded import EmbeddedEventLog
from shared.dated import Period, Version, Versions
from shared.db.engine import Database
from shared.metrics import Metrics
from shared.org_units import covers
from shared.service import Service
from shared.web import auth
from shared.web.scopes import OPERATING
from tests.kits import databases
from tests.kits.told_facts import ISSUED, ORG

FINAL_SECONDS = 120


@dataclass
class HandClock:
    """A clock that a test moves."""

    at: datetime = datetime(2026, 2, 2, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


KINDS = kinds.load()
UTILITY = ZoneInfo("Asia/Shanghai")
LEAFLETS = leaflets.load(json.loads(NotifySettings.model_fields["notify_leaflets"].default.read_text("utf-8")))
CATALOGUE = load_templates(None, KINDS, LEAFLETS, UTILITY)
VAULT = Vault(b"v" * 40)
LINKS = Links(public_url="https://answers.utility.example", key=b"k" * 32)


def shipped_policy() -> Policy:
    return load_policy(NotifySettings.model_fields["notify_policy"].default, KINDS, UTILITY).on(ISSUED)


@dataclass
class Notify:
    """The database of a notify service and its use cases, each call one unit of work."""

    database: Database
    clock: HandClock
    policy: Policy = field(default_factory=shipped_policy)
    dated: Policies | None = None

    @property
    def policies(self) -> Policies:
        """The versions that are given as `dated`, or else `policy` for all days."""
        return self.dated or Versions("one for ever", [Version("1", Period(date(2000, 1, 1)), self.policy)])

    def today(self) -> date:
        return self.clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()

    def retry_at_once(self, temporary: int = 5, in_doubt: int = 2) -> None:
        self.policy = replace(
            self.policy, retry=Retry(temporary_seconds=(0,) * temporary, in_doubt_seconds=(0,) * in_doubt)
        )

    def rules(self) -> Rules:
        return Rules(today=self.policies.on(self.today()), policies=self.policies, kinds=KINDS)

    async def put(self, *given: "Contact", org_units: Sequence[str] = ("zj",)) -> list[str]:
        may_see = partial(covers, org_units)
        take_up = partial(unaddressed.take_up, policies=self.policies)
        async with self.database.begin() as tx:
            outcomes = await parties.put(
                tx,
                [each.party() for each in given],
                actor="clerk-1",
                may_see=may_see,
                policy=self.policies.on(self.today()),
                today=date(2200, 1, 1),
                vault=VAULT,
                take_up=take_up,
            )
        return [outcome.code or outcome.status for outcome in outcomes]

    async def handle(self, *facts: Any) -> None:
        async with self.database.begin() as tx:
            for use_case in use_cases(kinds.load(), LEAFLETS, letters.posted)[type(facts[0])]:
                await use_case(tx, facts, self.policies)

    async def notices(self) -> list[Any]:
        async with self.database.view() as view:
            return list(await view.all(select(NOTICE).order_by(NOTICE.c.party_no, NOTICE.c.cause_id)))

    async def states(self) -> list[tuple[str, str]]:
        return [(notice.state, notice.code) for notice in await self.notices()]

    async def unaddressed(self) -> list[tuple[str, str]]:
        async with self.database.view() as view:
            rows = await view.all(select(UNADDRESSED).order_by(UNADDRESSED.c.cause_id))
        return [(row.cause_id, row.state) for row in rows]

    async def published(self) -> list[dict[str, Any]]:
        """The facts in the journal, each with its type."""
        journal = PLATFORM.event_journal
        async with self.database.view() as view:
            rows = await view.all(select(journal.c.type, journal.c.payload).order_by(journal.c.position))
        return [{"type": row.type, **item} for row in rows for item in orjson.loads(row.payload)["items"]]

    def sender(
        self, port: int, *, senders: int = 2, lease_seconds: int = 60, gateways: Any = None, **options: Any
    ) -> Sender:
        given = {"security": "none", "username": None, "password": None, "timeout_seconds": 5.0, **options}
        server = Server(host="127.0.0.1", port=port, sender="bills@wattline.example", **given)
        return Sender(
            self.database,
            {"smtp": partial(SmtpSession, server), **(gateways or {})},
            policies=self.policies,
            today=self.today,
            catalogue=CATALOGUE,
            links=LINKS,
            vault=VAULT,
            senders=senders,
            lease_seconds=lease_seconds,
            metrics=Metrics("notify"),
        )

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the SQL statements that run inside."""
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                seen.append(statement)

        event.listen(self.database.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.database.engine.sync_engine, "before_cursor_execute", note)


KEY = "k" * 40
BODY: dict[str, Any] = {
    "org_unit": "zj/hangzhou/xihu",
    "kind": "person",
    "name": "李明",
    "language": "zh",
    "points": [
        {
            "point_no": "1",
            "kind": "email",
            "address": "person0001@example.org",
            "valid_from": "2026-01-01",
            "verified": [{"account_no": "a0001", "how": "declared", "day": "2026-01-01"}],
        }
    ],
    "roles": [{"role": "holder", "account_no": "a0001", "valid_from": "2026-01-01"}],
}


def body(*, role: Any = None, point: Any = None, verified: Any = None, **changes: Any) -> dict[str, Any]:
    """Return BODY with other fields: of the party, of its role, its contact point, or what verified that."""
    (point_,), (role_,) = BODY["points"], BODY["roles"]
    (verified_,) = point_["verified"]
    point_ = point_ | {"verified": [verified_ | (verified or {})]} | (point or {})
    return BODY | {"points": [point_], "roles": [role_ | (role or {})]} | changes


OF_THE_UTILITY = "/v1/jobs", "/v1/audit-entries", "/v1/control-totals"


class Api:
    def __init__(self, service: Service, notify: Notify) -> None:
        self.service = service
        self.notify = notify

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        scopes: tuple[str, ...] = ("notify:read", "notify:write", "notify:answers", "notify:letters", *OPERATING),
        org_units: tuple[str, ...] = ("zj",),
        subject: str = "clerk-1",
    ) -> httpx.Response:
        if path.startswith(OF_THE_UTILITY):
            org_units = ("*",)
        token = auth.mint(key=KEY, audience="wattline", subject=subject, scopes=scopes, org_units=org_units)
        transport = httpx.ASGITransport(self.service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
            headers = {"Authorization": f"Bearer {token}"}
            return await client.request(method, path, json=body, headers=headers)

    async def call_with(self, path: str, content: bytes, media_type: str) -> httpx.Response:
        """Send a file as a clerk who may do all."""
        scopes = ("notify:read", "notify:write", "notify:letters")
        token = auth.mint(key=KEY, audience="wattline", subject="clerk-1", scopes=scopes, org_units=("zj",))
        transport = httpx.ASGITransport(self.service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": media_type}
            return await client.post(path, content=content, headers=headers)

    async def refused(self, method: str, path: str, body: Any = None, **who: Any) -> tuple[int, str]:
        answer = await self.call(method, path, body, **who)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "example.org" not in answer.text
        return answer.status_code, answer.json()["code"]

    async def send_all(self) -> None:
        """Let the service's own sender run until every notice is final, or lies with whoever works through a list."""
        sending = asyncio.create_task(self.service.background[0]())
        async with asyncio.timeout(FINAL_SECONDS):
            while any(n.due_at and n.state != "sent" for n in await self.notify.notices()):  # noqa: ASYNC110 - in the database
                await asyncio.sleep(0.02)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@asynccontextmanager
async def started(database_url: str, tmp_path: Any, **given: str) -> AsyncIterator[Api]:
    await databases.migrate(database_url, "notify")
    settings = NotifySettings.load(
        {
            "WATTLINE_TOKEN_KEY": KEY,
            "WATTLINE_PERSONAL_KEY": "v" * 40,
            "WATTLINE_DATABASE_URL": database_url,
            "WATTLINE_NOTICE_SENDERS": "0",
            **given,
        }
    )
    clock = HandClock()
    service = build(settings, event_log=EmbeddedEventLog(str(tmp_path / "events.db")), clock=clock)
    yield Api(service, Notify(service.database, clock, dated=service.app.state.context.policies))
    await service.database.close()


POINTS = {"email": "email", "sms": "mobile", "landline": "landline", "letter": "postal"}
"""The kind of contact point that each channel goes to."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A party with one contact point and one role, for which its utility vouches: as much as most tests need.

    `also`: further contact points, each a channel with an address.
    """

    party_no: str
    account_no: str
    org_unit: str
    role: str
    channel: str
    language: str
    valid_from: date
    valid_to: date | None
    address: str
    also: tuple[tuple[str, str], ...] = ()

    def party(self) -> Party:
        span: dict[str, Any] = {"valid_from": self.valid_from, "valid_to": self.valid_to}
        points = {str(no): each for no, each in enumerate([(self.channel, self.address), *self.also], start=1)}
        return Party(
            party_no=self.party_no,
            org_unit=self.org_unit,
            kind="person",
            name=f"Person {self.party_no}",
            language=self.language,
            points=tuple(
                ContactPoint(point_no=no, kind=POINTS.get(channel, channel), address=address, **span)
                for no, (channel, address) in points.items()
            ),
            roles=(Role(role=self.role, account_no=self.account_no, **span),),
            verified=tuple(
                Verification(
                    party_no=self.party_no,
                    point_no=no,
                    account_no=self.account_no,
                    how="declared",
                    day=self.valid_from,
                    by="clerk-1",
                )
                for no in points
            ),
        )


def contact(number: int = 1, **changes: Any) -> Contact:
    base = Contact(
        party_no=f"c{number:04}",
        account_no=f"a{number:04}",
        org_unit=ORG,
        role="holder",
        channel="email",
        language="en",
        valid_from=date(2026, 1, 1),
        valid_to=None,
        address=f"person{number:04}@example.org",
    )
    return replace(base, **changes)
