"""The copy of billing's accounts, with their prepaid balances. An account's row is the lock of the customer's books."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, select

from services.collection.ledger import tables
from shared.db import bulk
from shared.db.engine import Tx, View
from shared.events.billing import AccountChanged

RECEIVABLE = tables.RECEIVABLE
_ACCOUNT = ("account_no", "version", "org_unit", "customer_class", "opened_on", "closed_on")


async def put_accounts(tx: Tx, states: Sequence[AccountChanged]) -> None:
    """Insert accounts, or replace older versions of them; balances stay."""
    columns = {name: [getattr(state, name) for state in states] for name in _ACCOUNT}
    await bulk.upsert_newer(tx, tables.ACCOUNT, columns, key=("account_no",))


async def org_units(view: View, account_nos: Sequence[str]) -> dict[str, str]:
    """Return the org units of the accounts that are known."""
    table = tables.ACCOUNT
    columns = (table.c.account_no, table.c.org_unit)
    rows = await bulk.select_in(view, table, {"account_no": account_nos}, columns=columns)
    return {row.account_no: row.org_unit for row in rows}


def is_known(account_no: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that an account is known."""
    return exists().where(tables.ACCOUNT.c.account_no == account_no)


async def customer_classes(view: View, account_nos: Sequence[str]) -> dict[str, str]:
    """Return the classes of the accounts that are known."""
    a = tables.ACCOUNT.c
    columns = (a.account_no, a.customer_class)
    rows = await bulk.select_in(view, tables.ACCOUNT, {"account_no": account_nos}, columns=columns)
    return {row.account_no: row.customer_class for row in rows}


async def lock_accounts(tx: Tx, account_nos: Sequence[str]) -> None:
    """Lock accounts in key order."""
    await bulk.lock(tx, tables.ACCOUNT, {"account_no": account_nos})


async def locked(tx: Tx, account_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Lock accounts in key order, and return them."""
    table = tables.ACCOUNT
    rows = await bulk.select_in(tx, table, {"account_no": account_nos}, order_by=(table.c.account_no,), for_update=True)
    return {row.account_no: row for row in rows}


async def every(view: View, size: int) -> list[str]:
    """Return every `size`-th number of all accounts, in order, from the first one on."""
    number = tables.ACCOUNT.c.account_no
    counted = select(number, func.row_number().over(order_by=number).label("place")).subquery()
    chosen = select(counted.c.account_no).where(counted.c.place % size == (1 if size > 1 else 0))
    return [row.account_no for row in await view.all(chosen.order_by(counted.c.account_no))]


async def lock_between(tx: Tx, first: str, before: str | None) -> dict[str, str]:
    """Lock the accounts from `first` up to `before`, which is not one of them, in key order, and return their org units."""
    number = tables.ACCOUNT.c.account_no
    wanted = select(number, tables.ACCOUNT.c.org_unit).where(number >= first).order_by(number).with_for_update()
    rows = await tx.all(wanted if before is None else wanted.where(number < before))
    return {row.account_no: row.org_unit for row in rows}


async def money(view: View, account_nos: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return by account its prepaid balance and what it owes."""
    table = tables.ACCOUNT
    outstanding = (
        select(func.coalesce(func.sum(RECEIVABLE.c.outstanding_fen), 0))
        .where(RECEIVABLE.c.account_no == table.c.account_no)
        .correlate(table)
        .scalar_subquery()
    )
    columns = (table.c.account_no, table.c.prepaid_fen, outstanding.label("outstanding_fen"))
    rows = await bulk.select_in(view, table, {"account_no": account_nos}, columns=columns)
    return {row.account_no: (int(row.prepaid_fen), int(row.outstanding_fen)) for row in rows}


async def account(view: View, account_no: str) -> Row[Any] | None:
    """Return an account with what it owes now."""
    table = tables.ACCOUNT
    outstanding = (
        select(func.coalesce(func.sum(RECEIVABLE.c.outstanding_fen), 0))
        .where(RECEIVABLE.c.account_no == account_no)
        .scalar_subquery()
    )
    return await view.first(
        select(*table.c, outstanding.label("outstanding_fen")).where(table.c.account_no == account_no)
    )
