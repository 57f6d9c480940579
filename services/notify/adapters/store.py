"""Rows of the notify service <-> its domain. Every function is one SQL statement, whatever the number of rows."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row, delete, select, update

from services.notify.adapters import tables
from services.notify.domain.causes import Cause, Supply
from services.notify.domain.contacts import Candidate, Contact
from services.notify.domain.sending import State
from shared.db import bulk
from shared.db.engine import Tx, View

CONTACT = tables.table(tables.Contact)
ACCOUNT = tables.table(tables.Account)
SUPPLY = tables.table(tables.Supply)
ANCHOR = tables.table(tables.Anchor)
UNADDRESSED = tables.table(tables.Unaddressed)
NOTICE = tables.table(tables.Notice)

WAITS_FOR_ACCOUNT, WAITS_FOR_CONTACT, NO_CONTACT = "waits_for_account", "waits_for_contact", "no_contact"


class Planned(NamedTuple):
    """A notice to be queued."""

    notice_id: str
    contact_no: str
    channel: str
    account_no: str
    org_unit: str
    cause: Cause


async def lock_anchors(tx: Tx, keys: Iterable[str]) -> None:
    """Lock the rows that stand for these accounts or service points, known or not (two statements)."""
    wanted = {"key": sorted(set(keys))}
    await bulk.insert_ignore(tx, ANCHOR, wanted, key=("key",))
    await bulk.lock(tx, ANCHOR, wanted)


def account_anchor(account_no: str) -> str:
    return f"account/{account_no}"


def service_point_anchor(service_point_no: str) -> str:
    return f"point/{service_point_no}"


# contacts

_CANDIDATE = tuple(CONTACT.c[name] for name in Candidate._fields)


async def candidates(view: View, account_nos: Sequence[str]) -> dict[str, list[Candidate]]:
    """Return the contacts of the accounts, without their addresses, each account's in order of contact_no."""
    rows = await bulk.select_in(
        view, CONTACT, {"account_no": account_nos}, columns=_CANDIDATE, order_by=(CONTACT.c.contact_no,)
    )
    found: dict[str, list[Candidate]] = {}
    for row in rows:
        found.setdefault(row.account_no, []).append(Candidate._make(row))
    return found


async def contacts(view: View, contact_nos: Sequence[str]) -> dict[str, tuple[Contact, int]]:
    """Return contacts and their versions by number."""
    rows = await bulk.select_in(view, CONTACT, {"contact_no": contact_nos})
    return {row.contact_no: (contact_of(row), row.version) for row in rows}


def contact_of(row: Row[Any]) -> Contact:
    return Contact(
        contact_no=row.contact_no,
        account_no=row.account_no,
        org_unit=row.org_unit,
        role=row.role,
        channel=row.channel,
        language=row.language,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        address=row.address,
    )


async def put_contacts(tx: Tx, given: Sequence[tuple[Contact, int]]) -> set[str]:
    """Insert or replace contacts, each with its new version, and return the numbers that were applied."""
    rows = sorted(given, key=lambda item: item[0].contact_no)
    names = ("contact_no", "account_no", "org_unit", "role", "channel", "language", "valid_from", "valid_to", "address")
    columns: dict[str, list[Any]] = {name: [getattr(contact, name) for contact, _ in rows] for name in names}
    columns["version"] = [version for _, version in rows]
    applied = await bulk.upsert_newer(tx, CONTACT, columns, key=("contact_no",))
    return {row.contact_no for row in applied}


# accounts


async def accounts_org_units(view: View, account_nos: Sequence[str]) -> dict[str, str]:
    """Return the org unit of each account that is known."""
    rows = await bulk.select_in(
        view, ACCOUNT, {"account_no": account_nos}, columns=(ACCOUNT.c.account_no, ACCOUNT.c.org_unit)
    )
    return {row.account_no: row.org_unit for row in rows}


async def put_accounts(tx: Tx, rows: Sequence[tuple[str, str, int]]) -> set[str]:
    """Insert or replace (account_no, org_unit, version) where newer, and return the accounts applied."""
    account_no, org_unit, version = zip(*sorted(rows), strict=True)
    columns = {"account_no": account_no, "org_unit": org_unit, "version": version}
    applied = await bulk.upsert_newer(tx, ACCOUNT, columns, key=("account_no",))
    return {row.account_no for row in applied}


async def replace_supplies(tx: Tx, account_nos: Sequence[str], rows: Sequence[tuple[str, Supply]]) -> None:
    """Replace all contracts of these accounts by the given (contract_no, supply) (two statements)."""
    given = bulk.relation_for(tx, SUPPLY, {"account_no": account_nos})
    await tx.execute(delete(SUPPLY).where(SUPPLY.c.account_no.in_(select(given.c.account_no))))
    if rows:
        columns: dict[str, list[Any]] = {"contract_no": [contract_no for contract_no, _ in rows]}
        columns |= {name: [getattr(supply, name) for _, supply in rows] for name in Supply._fields}
        await bulk.insert_rows(tx, SUPPLY, columns)


async def supplies(view: View, service_point_nos: Sequence[str]) -> dict[str, list[Supply]]:
    """Return who was ever supplied at these service points."""
    rows = await bulk.select_in(
        view,
        SUPPLY,
        {"service_point_no": service_point_nos},
        columns=tuple(SUPPLY.c[name] for name in Supply._fields),
        order_by=(SUPPLY.c.valid_from,),
    )
    found: dict[str, list[Supply]] = {}
    for row in rows:
        found.setdefault(row.service_point_no, []).append(Supply._make(row))
    return found


# notices


async def queue(tx: Tx, planned: Sequence[Planned]) -> int:
    """Insert notices that are new under (cause, contact, template), and return how many that were."""
    count = len(planned)
    causes = [p.cause for p in planned]
    figures = {id(c.figures): orjson.dumps(c.figures).decode() for c in causes}
    rows = await bulk.insert_ignore(
        tx,
        NOTICE,
        {
            "notice_id": [p.notice_id for p in planned],
            "account_no": [p.account_no for p in planned],
            "org_unit": [p.org_unit for p in planned],
            "contact_no": [p.contact_no for p in planned],
            "channel": [p.channel for p in planned],
            "template": [c.template for c in causes],
            "cause_kind": [c.kind for c in causes],
            "cause_id": [c.id for c in causes],
            "cycle": [c.cycle for c in causes],
            "day": [c.day for c in causes],
            "figures": [figures[id(c.figures)] for c in causes],
            "state": [State.QUEUED.value] * count,
            "attempts": [0] * count,
            "doubts": [0] * count,
            "resends": [0] * count,
            "code": [""] * count,
            "queued_at": [tx.now] * count,
            "due_at": [tx.now] * count,
        },
        key=("cause_id", "contact_no", "template"),
    )
    return len(rows)


async def set_aside(tx: Tx, causes: Sequence[Cause], notice_ids: Sequence[str], state: str) -> None:
    """Store causes that cannot be addressed yet; one that is stored already stays as it is."""
    count = len(causes)
    await bulk.insert_ignore(
        tx,
        UNADDRESSED,
        {
            "cause_id": [c.id for c in causes],
            "template": [c.template for c in causes],
            "notice_id": notice_ids,
            "cause_kind": [c.kind for c in causes],
            "account_no": [c.account_no for c in causes],
            "service_point_no": [c.service_point_no for c in causes],
            "org_unit": [c.org_unit for c in causes],
            "cycle": [c.cycle for c in causes],
            "day": [c.day for c in causes],
            "figures": [orjson.dumps(c.figures).decode() for c in causes],
            "state": [state] * count,
            "since": [tx.now] * count,
        },
        key=("cause_id", "template"),
    )


async def waiting(tx: Tx, *, state: str, column: str, values: Sequence[str]) -> list[Cause]:
    """Return the causes that wait for one of these accounts (`account_no`) or service points (`service_point_no`).

    The caller holds the anchors of the values.
    """
    keys = {column: values}
    rows = await bulk.select_in(tx, UNADDRESSED, keys, where=UNADDRESSED.c.state == state, for_update=_locks(tx))
    return [cause_of(row) for row in rows]


async def remove_waiting(tx: Tx, causes: Sequence[Cause]) -> None:
    """Delete the rows of causes that wait no longer."""
    keys = {"cause_id": [c.id for c in causes], "template": [c.template for c in causes]}
    given = bulk.relation_for(tx, UNADDRESSED, keys)
    same = (UNADDRESSED.c.cause_id == given.c.cause_id) & (UNADDRESSED.c.template == given.c.template)
    await tx.execute(delete(UNADDRESSED).where(select(given.c.cause_id).where(same).exists()))


def _locks(tx: Tx) -> bool:
    return tx.dialect == "postgresql"


def cause_of(row: Row[Any]) -> Cause:
    """Return the cause that a row of `unaddressed` or `notice` holds."""
    return Cause(
        kind=row.cause_kind,
        id=row.cause_id,
        template=row.template,
        account_no=row.account_no,
        service_point_no=row._mapping.get("service_point_no", ""),
        org_unit=row.org_unit,
        cycle=row.cycle,
        day=row.day,
        figures=orjson.loads(row.figures),
    )


async def give_up(tx: Tx, *, org_unit: str, before: date) -> Sequence[Row[Any]]:
    """Mark the causes of an org unit that have waited for a contact since before a business day, and return them."""
    return await tx.all(
        update(UNADDRESSED)
        .where(UNADDRESSED.c.state == WAITS_FOR_CONTACT, UNADDRESSED.c.org_unit == org_unit, UNADDRESSED.c.day < before)
        .values(state=NO_CONTACT)
        .returning(
            UNADDRESSED.c.notice_id,
            UNADDRESSED.c.account_no,
            UNADDRESSED.c.template,
            UNADDRESSED.c.cause_kind,
            UNADDRESSED.c.cause_id,
        )
    )


# sending

_IN_FLIGHT = (State.SENDING.value, State.UNKNOWN.value)


class Settled(NamedTuple):
    """What became of one attempt: the columns of its notice."""

    notice_id: str
    state: str
    doubts: int
    code: str
    due_at: datetime | None
    done_at: datetime | None
    channel: str
    template_version: int | None
    content_hash: str | None


async def claim(tx: Tx, *, count: int, lease_until: datetime) -> list[Row[Any]]:
    """Take the notices that are due longest for sending, so that no other sender takes them before the lease ends.

    Returns them as they were (two statements: PostgreSQL may run a locking sub-select with a limit more than once).
    """
    rows = await tx.all(
        select(NOTICE)
        .where(NOTICE.c.due_at <= tx.now, NOTICE.c.state.in_((State.QUEUED.value, State.UNKNOWN.value)))
        .order_by(NOTICE.c.due_at)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    await bulk.update_from(
        tx,
        NOTICE,
        {
            "notice_id": [row.notice_id for row in rows],
            "state": [State.SENDING.value] * len(rows),
            "attempts": [row.attempts + 1 for row in rows],
            "due_at": [lease_until] * len(rows),
        },
        key=("notice_id",),
    )
    return list(rows)


async def has_due(view: View, now: datetime) -> bool:
    """Return whether anything waits for a sender."""
    return await view.scalar(select(NOTICE.c.notice_id).where(NOTICE.c.due_at <= now).limit(1)) is not None


async def expired_leases(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    """Lock and return notices whose sender did not come back in time."""
    return await tx.all(
        select(NOTICE)
        .where(NOTICE.c.state == State.SENDING.value, NOTICE.c.due_at <= tx.now)
        .order_by(NOTICE.c.notice_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


async def in_flight(tx: Tx, notice_ids: Sequence[str]) -> set[tuple[str, int, int]]:
    """Lock these notices, and return (notice_id, attempts, resends) of those whose attempt is not settled."""
    c = NOTICE.c
    rows = await bulk.select_in(
        tx,
        NOTICE,
        {"notice_id": notice_ids},
        columns=(c.notice_id, c.attempts, c.resends),
        where=c.state.in_(_IN_FLIGHT),
        order_by=(c.notice_id,),
        for_update=_locks(tx),
    )
    return {(row.notice_id, row.attempts, row.resends) for row in rows}


async def settle(tx: Tx, settled: Sequence[Settled]) -> None:
    """Store what became of attempts; the caller holds the locks."""
    columns = {name: [getattr(one, name) for one in settled] for name in Settled._fields}
    await bulk.update_from(tx, NOTICE, columns, key=("notice_id",))


async def notice_for_update(tx: Tx, notice_id: str) -> Row[Any] | None:
    """Lock and return one notice."""
    return await tx.first(select(NOTICE).where(NOTICE.c.notice_id == notice_id).with_for_update())


async def requeue(tx: Tx, notice_id: str) -> None:
    """Put a final notice back in line as a new message."""
    await tx.execute(
        update(NOTICE)
        .where(NOTICE.c.notice_id == notice_id)
        .values(
            state=State.QUEUED.value,
            attempts=0,
            doubts=0,
            resends=NOTICE.c.resends + 1,
            code="",
            due_at=tx.now,
            done_at=None,
        )
    )
