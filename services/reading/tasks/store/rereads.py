"""Requests to read again."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Date, Row, String, select, update

from services.reading.base import equals
from services.reading.tasks import tables
from services.reading.tasks.domain.rereads import LIFE, OPEN
from services.reading.tasks.store import tasks
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.billing import RereadRequested

REREAD, TASK = tables.REREAD, tables.TASK


async def insert(tx: Tx, facts: Sequence[RereadRequested]) -> list[tuple[str, str]]:
    """Keep requests to read again, and return (point, cycle) of those that are new."""
    new = await bulk.insert_ignore(
        tx,
        REREAD,
        {
            "request_id": [fact.request_id for fact in facts],
            "service_point_no": [fact.service_point_no for fact in facts],
            "org_unit": [fact.org_unit for fact in facts],
            "bill_id": [fact.bill_id for fact in facts],
            "cycle": [fact.cycle for fact in facts],
            "reason": [fact.reason for fact in facts],
            "requested_by": [fact.requested_by for fact in facts],
            "status": [LIFE.start(OPEN)] * len(facts),
            "answered_by": [None] * len(facts),
        },
        key=("request_id",),
        returning=("service_point_no", "cycle"),
    )
    return [(row.service_point_no, row.cycle) for row in new]


async def answer(tx: Tx, answered: Mapping[tuple[str, date], str]) -> None:
    """Close the re-reads of tasks by the reads that answer them: two statements, none where there are none."""
    if not answered:
        return
    await tasks.end_rereads(tx, list(answered))
    given = travel.relation(
        tx,
        "given",
        {
            "service_point_no": (String(), [key[0] for key in answered]),
            "read_date": (Date(), [key[1] for key in answered]),
            "answered_by": (String(), list(answered.values())),
        },
    )
    mine = (TASK.c.service_point_no == given.c.service_point_no) & (TASK.c.read_date == given.c.read_date)
    await tx.execute(
        update(REREAD)
        .values(status=LIFE.target("answer"), answered_by=given.c.answered_by)
        .where(
            REREAD.c.service_point_no == given.c.service_point_no,
            REREAD.c.cycle == select(TASK.c.cycle).where(mine).scalar_subquery(),
            REREAD.c.status.in_(LIFE.sources("answer")),
        )
    )


async def answers(view: View, service_point_nos: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return by point the reads that answered a request to read again."""
    rows = await bulk.select_in(
        view, REREAD, {"service_point_no": service_point_nos}, where=REREAD.c.answered_by.is_not(None)
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.service_point_no, set()).add(row.answered_by)
    return {point: frozenset(read_ids) for point, read_ids in found.items()}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, status: str | None
) -> Sequence[Row[Any]]:
    """Return a page of requests, in the order in which they were made."""
    reread = REREAD.c
    return await view.all(
        select(REREAD)
        .where(visible(reread.org_unit), after(reread.request_id), equals(reread.status, status))
        .order_by(reread.request_id)
        .limit(limit)
    )
