"""Own reads that are asked for, in and out: every function is one statement, or a part of one."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from services.reading.base import equals
from services.reading.own_reads import tables
from services.reading.own_reads.domain import ASKED, OwnRead
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

OWN_READ = tables.OWN_READ
_NAMES = tuple(each.name for each in fields(OwnRead))
_CHANGES = ("state", "answered_on", "way", "recorded_by", "read_id", "code")


def is_asked(point: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that the customer of a point is asked for an own read."""
    row = OWN_READ.c
    return select(row.request_no).where(row.service_point_no == point, row.state == ASKED).exists()


async def insert(tx: Tx, given: Sequence[OwnRead]) -> None:
    """Write own reads that are asked for."""
    columns = {name: [getattr(each, name) for each in given] for name in ("question_id", *_NAMES)}
    await bulk.insert_rows(tx, OWN_READ, columns)


async def write(tx: Tx, given: Sequence[OwnRead]) -> None:
    """Write what became of own reads."""
    names = ("request_no", *_CHANGES)
    await bulk.update_from(
        tx, OWN_READ, {name: [getattr(each, name) for each in given] for name in names}, key=("request_no",)
    )


async def by_no(view: View, request_nos: Sequence[str]) -> dict[str, OwnRead]:
    """Return own reads by their numbers."""
    rows = await bulk.select_in(view, OWN_READ, {"request_no": request_nos})
    return {row.request_no: _own_read(row) for row in rows}


async def by_id(view: View, question_ids: Sequence[str]) -> dict[str, OwnRead]:
    """Return own reads by the ids of their questions."""
    rows = await bulk.select_in(view, OWN_READ, {"question_id": sorted(set(question_ids))})
    return {row.question_id: _own_read(row) for row in rows}


async def lock(tx: Tx, question_ids: Sequence[str]) -> dict[str, OwnRead]:
    """Lock own reads, in the order of their numbers, and return them by the ids of their questions."""
    rows = await bulk.select_in(
        tx, OWN_READ, {"question_id": sorted(set(question_ids))}, order_by=(OWN_READ.c.request_no,), for_update=True
    )
    return {row.question_id: _own_read(row) for row in rows}


async def lock_asked(tx: Tx, service_point_nos: Sequence[str]) -> dict[str, OwnRead]:
    """Lock the own reads that customers of points are asked for, and return them by point."""
    rows = await bulk.select_in(
        tx,
        OWN_READ,
        {"service_point_no": service_point_nos},
        where=OWN_READ.c.state == ASKED,
        order_by=(OWN_READ.c.request_no,),
        for_update=True,
    )
    return {row.service_point_no: _own_read(row) for row in rows}


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    service_point_no: str | None,
    read_date: date | None,
    state: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of own reads, in the order in which they were asked for."""
    row = OWN_READ.c
    wanted = [] if read_date is None else [row.read_date == read_date]
    return await view.all(
        select(OWN_READ)
        .where(visible(row.org_unit), after(row.asked_on, row.request_no), *wanted)
        .where(equals(row.service_point_no, service_point_no), equals(row.state, state))
        .order_by(row.asked_on, row.request_no)
        .limit(limit)
    )


def _own_read(row: Row[Any]) -> OwnRead:
    return OwnRead(**{name: getattr(row, name) for name in _NAMES})
