"""Standings and marks of hardship, in and out: every function is one statement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, or_, select

from services.collection.dunning.store import doubts as dunning
from services.collection.ledger.store import accounts, receivables
from services.collection.standings import tables
from services.collection.standings.domain import Due
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

STANDING, MARK = tables.STANDING, tables.HARDSHIP_MARK
VERSIONS: Final = (STANDING.c.version,)
"""What is raised in a database that was restored: the standings that others have heard of."""


async def starts(view: View, size: int) -> list[str]:
    """Return every `size`-th number of all accounts, in order, from the first one on."""
    return await accounts.every(view, size)


async def lock_between(tx: Tx, first: str, before: str | None) -> dict[str, str]:
    """Lock the accounts from `first` up to `before`, which is not one of them, and return their org units."""
    return await accounts.lock_between(tx, first, before)


async def due(view: View, account_nos: Sequence[str], *, since: date, on: date) -> dict[str, list[Due]]:
    """Return what counts of these accounts: due by a day, since another one or still owed on the day, and never disputed."""
    found: dict[str, list[Due]] = defaultdict(list)
    rows = await receivables.due(view, account_nos, since=since, on=on, where=~dunning.was_disputed())
    for row in rows:
        found[row.account_no].append(Due(row.due_on, row.cleared_on))
    return found


async def marked(view: View, account_nos: Sequence[str], on: date) -> set[str]:
    """Return which of these accounts are in hardship on a day."""
    m = MARK.c
    holds = (m.valid_from <= on) & or_(m.valid_to.is_(None), m.valid_to > on)
    rows = await bulk.select_in(view, MARK, {"account_no": account_nos}, columns=(m.account_no,), where=holds)
    return {row.account_no for row in rows}


async def standings(view: View, account_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the standings of these accounts, of those that have one."""
    rows = await bulk.select_in(view, STANDING, {"account_no": account_nos})
    return {row.account_no: row for row in rows}


async def put(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert standings, or replace those of lower versions; the accounts are locked."""
    columns = {name: [row[name] for row in rows] for name in STANDING.columns.keys()}  # noqa: SIM118
    await bulk.upsert_newer(tx, STANDING, columns, key=("account_no",))


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None, standing: str | None
) -> Sequence[Row[Any]]:
    """List standings by account."""
    s = STANDING.c
    where = [visible(s.org_unit), after(s.account_no)]
    where += [] if account_no is None else [s.account_no == account_no]
    where += [] if standing is None else [s.standing == standing]
    return await view.all(select(STANDING).where(*where).order_by(s.account_no).limit(limit))


async def after(view: View, account_no: str, limit: int) -> Sequence[Row[Any]]:
    """Return the standings behind an account, in order."""
    s = STANDING.c
    return await view.all(select(STANDING).where(s.account_no > account_no).order_by(s.account_no).limit(limit))


async def marks_of(view: View, account_no: str) -> Sequence[Row[Any]]:
    """Return the marks of an account, in their order."""
    return await view.all(select(MARK).where(MARK.c.account_no == account_no).order_by(MARK.c.mark_no))


async def add_mark(tx: Tx, row: Mapping[str, Any]) -> None:
    """Insert a mark of hardship."""
    await bulk.insert_rows(tx, MARK, {name: [value] for name, value in row.items()})


async def end_mark(tx: Tx, account_no: str, mark_no: int, *, on: date, actor: str) -> None:
    """Let a mark end on a day."""
    key: dict[str, list[Any]] = {"account_no": [account_no], "mark_no": [mark_no]}
    await bulk.update_from(tx, MARK, {**key, "valid_to": [on], "ended_by": [actor]}, key=("account_no", "mark_no"))


async def marks(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None
) -> Sequence[Row[Any]]:
    """List marks of hardship by account."""
    m = MARK.c
    where = [visible(m.org_unit), after(m.account_no, m.mark_no)]
    where += [] if account_no is None else [m.account_no == account_no]
    return await view.all(select(MARK).where(*where).order_by(m.account_no, m.mark_no).limit(limit))
