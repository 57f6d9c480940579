"""The notify service on a real database, with facts to feed it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import event, select

from services.notify.adapters import store
from services.notify.adapters.gateways.smtp import SmtpServer as Server
from services.notify.adapters.tables import PLATFORM
from services.notify.application import contacts, queueing
from services.notify.domain.contacts import Contact
from services.notify.domain.policy import Policy, Retry
from services.notify.entrypoints.sender import Sender
from services.notify.main import load_policy, load_templates
from services.notify.settings import NotifySettings
from shared import ids
from shared.db.engine import Database
from shared.events.billing import AccountChanged, Bill, BillCorrected, BillIssued, Component, Contract
from shared.events.collection import PaymentReversed, ReminderDue
from shared.events.reading import EstimateMade
from shared.metrics import Metrics

ISSUED = date(2026, 2, 2)
ORG = "zj/hangzhou/xihu"


@dataclass
class HandClock:
    """A clock that a test moves."""

    at: datetime = datetime(2026, 2, 2, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def shipped_policy() -> Policy:
    return load_policy(NotifySettings.model_fields["notify_policy"].default)


@dataclass
class Notify:
    """The database of a notify service and its use cases, each call one unit of work."""

    database: Database
    clock: HandClock
    policy: Policy = field(default_factory=shipped_policy)

    def retry_at_once(self, temporary: int = 5, in_doubt: int = 2) -> None:
        self.policy = replace(self.policy, retry=Retry((0,) * temporary, (0,) * in_doubt))

    async def put(self, *given: Contact, org_units: Sequence[str] = ("zj",)) -> list[str]:
        def may_see(unit: str) -> bool:
            return any(unit == mine or unit.startswith(mine + "/") for mine in org_units)

        async with self.database.begin() as tx:
            outcomes = await contacts.put(tx, given, actor="clerk-1", may_see=may_see, policy=self.policy)
        return [outcome.code or outcome.status for outcome in outcomes]

    async def handle(self, *facts: Any) -> None:
        handler = {
            BillIssued: queueing.bills_issued,
            BillCorrected: queueing.bills_corrected,
            ReminderDue: queueing.reminders_due,
            PaymentReversed: queueing.payments_reversed,
            EstimateMade: queueing.estimates_made,
            AccountChanged: queueing.accounts_changed,
        }[type(facts[0])]
        async with self.database.begin() as tx:
            await handler(tx, facts, self.policy)  # type: ignore[operator]

    async def notices(self) -> list[Any]:
        async with self.database.view() as view:
            return list(
                await view.all(select(store.NOTICE).order_by(store.NOTICE.c.contact_no, store.NOTICE.c.cause_id))
            )

    async def states(self) -> list[tuple[str, str]]:
        return [(notice.state, notice.code) for notice in await self.notices()]

    async def unaddressed(self) -> list[tuple[str, str]]:
        async with self.database.view() as view:
            rows = await view.all(select(store.UNADDRESSED).order_by(store.UNADDRESSED.c.cause_id))
        return [(row.cause_id, row.state) for row in rows]

    async def published(self) -> list[dict[str, Any]]:
        """The facts in the journal, each with its type."""
        journal = PLATFORM.event_journal
        async with self.database.view() as view:
            rows = await view.all(select(journal.c.type, journal.c.payload).order_by(journal.c.position))
        return [{"type": row.type, **item} for row in rows for item in orjson.loads(row.payload)["items"]]

    def sender(self, port: int, *, senders: int = 2, lease_seconds: int = 60, **server: Any) -> Sender:
        given = {"security": "none", "username": None, "password": None, "timeout_seconds": 5.0, **server}
        return Sender(
            self.database,
            Server(host="127.0.0.1", port=port, sender="bills@wattline.example", **given),
            policy=self.policy,
            catalogue=load_templates(NotifySettings.model_fields["notify_templates"].default),
            senders=senders,
            lease_seconds=lease_seconds,
            metrics=Metrics(),
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


def contact(number: int = 1, **changes: Any) -> Contact:
    base = Contact(
        contact_no=f"c{number:04}",
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


def bill(number: int = 1, **changes: Any) -> Bill:
    values: dict[str, Any] = {
        "bill_id": f"bill-{number:04}",
        "account_no": f"a{number:04}",
        "contract_no": f"k{number:04}",
        "service_point_no": f"p{number:04}",
        "org_unit": ORG,
        "route_no": "r1",
        "cycle": "2026-01",
        "period_from": date(2026, 1, 1),
        "period_to": date(2026, 2, 1),
        "version": 1,
        "issued_on": ISSUED,
        "due_on": date(2026, 2, 20),
        "total_fen": 10_000 + number,
        "components": (Component(component="energy", amount_fen=10_000 + number),),
        "energy_wh": 200_000,
        "estimated": False,
        "usage_id": f"u{number:04}",
        "tariff": "t@1",
    }
    return Bill(**values | changes)


def issued(number: int = 1, **changes: Any) -> BillIssued:
    made = bill(number, **changes)
    return BillIssued(account_no=made.account_no, bill=made)


def corrected(number: int = 1) -> BillCorrected:
    old = bill(number)
    new = bill(number, bill_id=f"{old.bill_id}-v2", version=2, total_fen=9_000)
    return BillCorrected(
        account_no=old.account_no,
        correction_id=f"correction-{number:04}",
        corrected_on=date(2026, 2, 10),
        reason="read_corrected",
        reversals=(old,),
        replacements=(new,),
    )


def reminder(number: int = 1) -> ReminderDue:
    return ReminderDue(
        account_no=f"a{number:04}",
        reminder_id=f"reminder-{number:04}",
        receivable_id=ids.new(),
        document_kind="bill",
        document_id=f"bill-{number:04}",
        org_unit=ORG,
        outstanding_fen=12_345,
        due_on=date(2026, 2, 20),
        business_date=date(2026, 3, 5),
    )


def payment_reversed(number: int = 1) -> PaymentReversed:
    return PaymentReversed(
        account_no=f"a{number:04}",
        payment_id=f"payment-{number:04}",
        org_unit=ORG,
        channel="app",
        amount_fen=5_000,
        received_on=date(2026, 2, 25),
        reversed_on=date(2026, 3, 5),
        outstanding_fen=12_345,
    )


def estimate(number: int = 1) -> EstimateMade:
    return EstimateMade(
        usage_id=f"u{number:04}",
        service_point_no=f"p{number:04}",
        org_unit=ORG,
        cycle="2026-01",
        period_from=date(2026, 1, 1),
        period_to=date(2026, 2, 1),
        energy_wh=180_000,
        reason="remote_failure",
        estimates_in_a_row=1,
    )


def account(number: int = 1, *, version: int = 1, point: str = "") -> AccountChanged:
    contract = Contract(contract_no=f"k{number:04}", service_point_no=point or f"p{number:04}", from_=date(2025, 6, 1))
    return AccountChanged(
        account_no=f"a{number:04}",
        version=version,
        org_unit=ORG,
        customer_class="residential",
        opened_on=date(2025, 6, 1),
        contracts=(contract,),
    )
