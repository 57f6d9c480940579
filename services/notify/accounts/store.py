"""Rows of accounts and contracts <-> the domain; the locks for what may not be known yet."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, and_, or_, select

from services.notify.accounts.domain import OFTEN_LATE, Account, Supply
from services.notify.accounts.tables import ACCOUNT, ANCHOR, STANDING, SUPPLY
from shared.db import bulk
from shared.db.engine import Tx, View
from shared.events.collection import AccountStandingChanged


async def lock_anchors(tx: Tx, keys: Iterable[str]) -> None:
    """Lock the rows that stand for these accounts or service points, known or not (two statements)."""
    wanted = {"key": sorted(set(keys))}
    await bulk.insert_ignore(tx, ANCHOR, wanted, key=("key",))
    await bulk.lock(tx, ANCHOR, wanted)


def account_anchor(account_no: str) -> str:
    """Return the key of the row that stands for an account."""
    return f"account/{account_no}"


def service_point_anchor(service_point_no: str) -> str:
    """Return the key of the row that stands for a service point."""
    return f"point/{service_point_no}"


def accounts() -> FromClause:
    """Return the accounts, for a statement that shows whose the account of something is."""
    return ACCOUNT


def supplies_table() -> FromClause:
    """Return the contracts, for a statement that asks who is supplied where."""
    return SUPPLY


async def org_units(view: View, account_nos: Sequence[str]) -> dict[str, str]:
    """Return the org unit of each account that is known."""
    rows = await bulk.select_in(
        view, ACCOUNT, {"account_no": account_nos}, columns=(ACCOUNT.c.account_no, ACCOUNT.c.org_unit)
    )
    return {row.account_no: row.org_unit for row in rows}


async def put_accounts(tx: Tx, accounts: Iterable[Account]) -> set[str]:
    """Insert accounts, or replace what is older, and return the numbers of those applied."""
    rows = sorted(accounts, key=lambda account: account.account_no)
    columns: dict[str, list[Any]] = {
        "account_no": [account.account_no for account in rows],
        "org_unit": [account.org_unit for account in rows],
        "version": [account.version for account in rows],
    }
    applied = await bulk.upsert_newer(tx, ACCOUNT, columns, key=("account_no",))
    return {row.account_no for row in applied}


async def put_standings(tx: Tx, facts: Sequence[AccountStandingChanged]) -> None:
    """Insert how accounts pay, or replace what is older."""
    names = ("account_no", "version", "standing", "since", "owed_late_count")
    rows = sorted(facts, key=lambda fact: fact.account_no)
    columns: dict[str, list[Any]] = {name: [getattr(fact, name) for fact in rows] for name in names}
    await bulk.upsert_newer(tx, STANDING, columns, key=("account_no",))


async def standings(view: View, account_nos: Sequence[str]) -> dict[str, str]:
    """Return how each of these accounts pays, where that is known."""
    columns = (STANDING.c.account_no, STANDING.c.standing)
    rows = await bulk.select_in(view, STANDING, {"account_no": account_nos}, columns=columns)
    return {row.account_no: row.standing for row in rows}


def owes(on: date) -> ColumnElement[bool]:
    """Return the condition on `standings_table` that an account often pays late, or was left by a day with something owed."""
    ever = SUPPLY.alias("ever")
    of_account = select(ever.c.account_no).where(ever.c.account_no == STANDING.c.account_no)
    still = of_account.where(or_(ever.c.valid_to.is_(None), ever.c.valid_to > on))
    was_left = and_(of_account.exists(), ~still.exists())
    return or_(STANDING.c.standing == OFTEN_LATE, and_(STANDING.c.owed_late_count > 0, was_left))


def standings_table() -> FromClause:
    """Return how accounts pay, for a statement that asks it of the parties of accounts."""
    return STANDING


async def replace_supplies(tx: Tx, account_nos: Sequence[str], rows: Sequence[tuple[str, Supply]]) -> None:
    """Replace all contracts of these accounts by the given (contract_no, supply) (two statements)."""
    await bulk.delete_in(tx, SUPPLY, {"account_no": account_nos})
    if rows:
        supplies = [supply for _, supply in rows]
        columns: dict[str, list[Any]] = {
            "contract_no": [contract_no for contract_no, _ in rows],
            "account_no": [supply.account_no for supply in supplies],
            "service_point_no": [supply.service_point_no for supply in supplies],
            "org_unit": [supply.org_unit for supply in supplies],
            "valid_from": [supply.valid_from for supply in supplies],
            "valid_to": [supply.valid_to for supply in supplies],
        }
        await bulk.insert_rows(tx, SUPPLY, columns)


async def supplies(view: View, service_point_nos: Sequence[str]) -> dict[str, list[Supply]]:
    """Return who was ever supplied at these service points."""
    rows = await bulk.select_in(view, SUPPLY, {"service_point_no": service_point_nos}, order_by=(SUPPLY.c.valid_from,))
    found: dict[str, list[Supply]] = {}
    for row in rows:
        found.setdefault(row.service_point_no, []).append(_supply(row))
    return found


async def supplied(view: View, account_nos: Sequence[str]) -> dict[str, list[Supply]]:
    """Return where these accounts were ever supplied."""
    rows = await bulk.select_in(view, SUPPLY, {"account_no": account_nos}, order_by=(SUPPLY.c.valid_from,))
    found: dict[str, list[Supply]] = {}
    for row in rows:
        found.setdefault(row.account_no, []).append(_supply(row))
    return found


def _supply(row: Row[Any]) -> Supply:
    return Supply(
        account_no=row.account_no,
        service_point_no=row.service_point_no,
        org_unit=row.org_unit,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )
