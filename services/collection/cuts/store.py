"""Marks of service points and bans, in and out: every function is one statement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, or_, select

from services.collection.cuts.tables import BAN, MARK
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

BANS_MAX = 1000  # in force at one time: a utility has some hundred units


async def marks(view: View, service_point_nos: Sequence[str], on: date) -> dict[str, set[str]]:
    """Return the marks that service points have on a day."""
    m = MARK.c
    holds = (m.valid_from <= on) & or_(m.valid_to.is_(None), m.valid_to > on)
    found: dict[str, set[str]] = defaultdict(set)
    for row in await bulk.select_in(view, MARK, {"service_point_no": service_point_nos}, where=holds):
        found[row.service_point_no].add(row.kind)
    return found


async def locked_mark(tx: Tx, service_point_no: str, kind: str) -> Row[Any] | None:
    """Lock the mark of a kind that a service point has, and return it."""
    m = MARK.c
    wanted = select(MARK).where(m.service_point_no == service_point_no, m.kind == kind)
    return await tx.first(wanted.with_for_update())


async def put_mark(tx: Tx, row: Mapping[str, Any]) -> None:
    """Keep a mark, in place of the one of its kind that the point had."""
    key = {name: [row[name]] for name in ("service_point_no", "kind")}
    await bulk.delete_in(tx, MARK, key)
    await bulk.insert_rows(tx, MARK, {name: [value] for name, value in row.items()})


async def listed_marks(
    view: View, *, visible: Condition, after: Condition, limit: int, service_point_no: str | None
) -> Sequence[Row[Any]]:
    """List marks by service point."""
    m = MARK.c
    where = [visible(m.org_unit), after(m.service_point_no, m.kind)]
    where += [] if service_point_no is None else [m.service_point_no == service_point_no]
    return await view.all(select(MARK).where(*where).order_by(m.service_point_no, m.kind).limit(limit))


async def bans(view: View, *, since: datetime) -> Sequence[Row[Any]]:
    """Return the bans that have not ended by an instant."""
    return await view.all(select(BAN).where(BAN.c.until > since).order_by(BAN.c.ban_no).limit(BANS_MAX))


async def ban(view: View, ban_no: str) -> Row[Any] | None:
    """Return a ban."""
    return await view.first(select(BAN).where(BAN.c.ban_no == ban_no))


async def add_ban(tx: Tx, row: Mapping[str, Any]) -> None:
    """Insert a ban."""
    await bulk.insert_rows(tx, BAN, {name: [value] for name, value in row.items()})


async def end_ban(tx: Tx, ban_no: str, at: datetime) -> None:
    """Let a ban end at an instant."""
    await bulk.update_from(tx, BAN, {"ban_no": [ban_no], "until": [at]}, key=("ban_no",))


async def listed_bans(view: View, *, visible: Condition, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """List bans, those that have ended too, by number."""
    b = BAN.c
    return await view.all(select(BAN).where(visible(b.org_unit), after(b.ban_no)).order_by(b.ban_no).limit(limit))
