"""Notices as the sender takes them, and what became of each attempt."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, select, update

from services.notify.notices.domain.states import NOTICE_LIFE
from services.notify.notices.store import joined
from services.notify.notices.tables import NOTICE
from shared.db import bulk
from shared.db.engine import Tx, View

AttemptKey = tuple[str, int, int]
"""One attempt, for ever: notice_id, attempts, way."""

_WITHOUT_FIGURES = tuple(column for column in NOTICE.c if column.name != "figures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one attempt: the columns of its notice."""

    notice_id: str
    state: str
    doubts: int
    code: str
    due_at: datetime | None
    done_at: datetime | None
    channel: str
    point_no: str
    way: int
    attempts: int
    template_version: int | None
    content_hash: str | None
    tone: str | None
    paced: str


async def claim(
    tx: Tx, *, channel: str, count: int, lease_until: datetime, joins: Collection[str] = ()
) -> list[list[Row[Any]]]:
    """Take the messages of a channel that are due longest for sending, so that no other sender takes them before the lease ends.

    Returns the notices of each as they were, its lead first; notices of kinds in `joins` that are due and go the same way are one
    message (at most four statements: PostgreSQL may run a locking sub-select with a limit more than once).
    """
    alone = [joined.may_lead(joins, tx.now)] if joins else []
    leads = await tx.all(
        select(NOTICE)
        .where(*_due(channel, tx.now), *alone)
        .order_by(NOTICE.c.due_at, NOTICE.c.notice_id)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    others = await joined.companions(tx, leads, joins)
    messages = [[lead, *others.get(lead.notice_id, ())] for lead in leads]
    rows = [row for message in messages for row in message]
    await bulk.update_from(
        tx,
        NOTICE,
        {
            "notice_id": [row.notice_id for row in rows],
            "state": [NOTICE_LIFE.target("taken")] * len(rows),
            "attempts": [row.attempts + 1 for row in rows],
            "due_at": [lease_until] * len(rows),
        },
        key=("notice_id",),
    )
    return messages


async def has_due(view: View, channel: str, now: datetime) -> bool:
    """Return whether anything waits for a sender of a channel."""
    return await view.scalar(select(NOTICE.c.notice_id).where(*_due(channel, now)).limit(1)) is not None


def _due(channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    c = NOTICE.c
    return c.channel == channel, c.due_at <= now, c.state.in_(NOTICE_LIFE.sources("taken")), ~joined.rides()


async def overdue(tx: Tx, state: str, limit: int) -> Sequence[Row[Any]]:
    """Lock and return notices whose sender (`sending`) or receipt (`sent`) did not come in time."""
    return await tx.all(
        select(NOTICE)
        .where(NOTICE.c.state == state, NOTICE.c.due_at <= tx.now)
        .order_by(NOTICE.c.notice_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


async def in_flight(tx: Tx, notice_ids: Sequence[str]) -> dict[AttemptKey, Row[Any]]:
    """Lock these notices, and return each whose last attempt has no answer yet, by attempt."""
    c = NOTICE.c
    rows = await bulk.select_in(
        tx,
        NOTICE,
        {"notice_id": notice_ids},
        columns=_WITHOUT_FIGURES,
        where=c.state.in_(NOTICE_LIFE.sources("accepted")),
        order_by=(c.notice_id,),
        for_update=True,
    )
    return {(row.notice_id, row.attempts, row.way): row for row in rows}


async def locked(tx: Tx, notice_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Lock and return notices by their ids."""
    keys = {"notice_id": sorted(set(notice_ids))}
    order = (NOTICE.c.notice_id,)
    rows = await bulk.select_in(tx, NOTICE, keys, columns=_WITHOUT_FIGURES, order_by=order, for_update=True)
    return {row.notice_id: row for row in rows}


async def figures(tx: Tx, notice_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the figures of notices by their ids."""
    c = NOTICE.c
    rows = await bulk.select_in(tx, NOTICE, {"notice_id": sorted(notice_ids)}, columns=(c.notice_id, c.figures))
    return {row.notice_id: orjson.loads(row.figures) for row in rows}


async def wait_for_receipts(tx: Tx, seconds: Mapping[str, int]) -> None:
    """Let the wait for receipts of notices that are `sent` begin now; the caller holds the locks."""
    due_at = [tx.now + timedelta(seconds=each) for each in seconds.values()]
    await bulk.update_from(tx, NOTICE, {"notice_id": list(seconds), "due_at": due_at}, key=("notice_id",))


async def settle(tx: Tx, settled: Sequence[Settled]) -> None:
    """Store what became of attempts; the caller holds the locks."""
    columns: dict[str, list[Any]] = {
        "notice_id": [one.notice_id for one in settled],
        "state": [one.state for one in settled],
        "doubts": [one.doubts for one in settled],
        "code": [one.code for one in settled],
        "due_at": [one.due_at for one in settled],
        "done_at": [one.done_at for one in settled],
        "channel": [one.channel for one in settled],
        "point_no": [one.point_no for one in settled],
        "way": [one.way for one in settled],
        "attempts": [one.attempts for one in settled],
        "template_version": [one.template_version for one in settled],
        "content_hash": [one.content_hash for one in settled],
        "tone": [one.tone for one in settled],
        "paced": [one.paced for one in settled],
    }
    await bulk.update_from(tx, NOTICE, columns, key=("notice_id",))


async def notice_for_update(tx: Tx, notice_id: str) -> Row[Any]:
    """Lock and return a notice that there is: none is ever deleted."""
    row = await tx.first(select(NOTICE).where(NOTICE.c.notice_id == notice_id).with_for_update())
    assert row is not None
    return row


async def requeue(tx: Tx, notice_id: str) -> None:
    """Put a final notice back in line as a new message."""
    await tx.execute(
        update(NOTICE)
        .where(NOTICE.c.notice_id == notice_id)
        .values(
            state=NOTICE_LIFE.target("resent"),
            attempts=0,
            doubts=0,
            resends=NOTICE.c.resends + 1,
            way=NOTICE.c.way + 1,
            code="",
            due_at=tx.now,
            done_at=None,
        )
    )
