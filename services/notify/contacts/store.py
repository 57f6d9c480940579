"""Rows of contacts <-> the domain. Only what sends and what answers a contact's own staff reads an address."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import FromClause, Row, Select, select

from services.notify.accounts import store as accounts
from services.notify.contacts.domain import Candidate, Contact
from services.notify.contacts.tables import CONTACT
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

_CANDIDATE = tuple(  # never the address
    CONTACT.c[name] for name in ("contact_no", "account_no", "org_unit", "role", "channel", "valid_from", "valid_to")
)


async def candidates(view: View, account_nos: Sequence[str]) -> dict[str, list[Candidate]]:
    """Return the contacts of the accounts, without their addresses, each account's in order of contact_no."""
    rows = await bulk.select_in(
        view, CONTACT, {"account_no": account_nos}, columns=_CANDIDATE, order_by=(CONTACT.c.contact_no,)
    )
    found: dict[str, list[Candidate]] = {}
    for row in rows:
        found.setdefault(row.account_no, []).append(_candidate(row))
    return found


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(
        contact_no=row.contact_no,
        account_no=row.account_no,
        org_unit=row.org_unit,
        role=row.role,
        channel=row.channel,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


async def contacts(view: View, contact_nos: Sequence[str]) -> dict[str, tuple[Contact, int]]:
    """Return contacts and their versions by number."""
    rows = await bulk.select_in(view, CONTACT, {"contact_no": contact_nos})
    return {row.contact_no: (_contact(row), row.version) for row in rows}


def _contact(row: Row[Any]) -> Contact:
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
        address_since=row.address_since,
    )


def contacts_table() -> FromClause:
    """Return the contacts, for a statement that asks whether one is still reached where it was."""
    return CONTACT


async def put_contacts(tx: Tx, given: Sequence[tuple[Contact, int]]) -> set[str]:
    """Insert or replace contacts, each with its new version, and return the numbers that were applied."""
    dates = ("valid_from", "valid_to")
    names = ("contact_no", "account_no", "org_unit", "role", "channel", "language", *dates, "address", "address_since")
    columns: dict[str, list[Any]] = {name: [getattr(contact, name) for contact, _ in given] for name in names}
    columns["version"] = [version for _, version in given]
    applied = await bulk.upsert_newer(tx, CONTACT, columns, key=("contact_no",))
    return {row.contact_no for row in applied}


async def contacts_page(
    view: View, *, account_no: str, visible: Condition, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return the contacts of an account, each with whose the account is."""
    where = CONTACT.c.account_no == account_no, visible(CONTACT.c.org_unit), after(CONTACT.c.contact_no)
    return await view.all(_shown().where(*where).order_by(CONTACT.c.contact_no).limit(limit))


async def contact(view: View, contact_no: str, *, visible: Condition) -> Row[Any] | None:
    """Return one contact, with whose its account is."""
    return await view.first(_shown().where(CONTACT.c.contact_no == contact_no, visible(CONTACT.c.org_unit)))


def _shown() -> Select[Any]:
    account = accounts.accounts()
    return select(CONTACT, account.c.org_unit.label("account_org_unit")).outerjoin(
        account, account.c.account_no == CONTACT.c.account_no
    )
