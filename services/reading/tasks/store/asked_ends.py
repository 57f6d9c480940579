"""Asked ends, in and out: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.reading.base import equals
from services.reading.tasks import tables
from services.reading.tasks.domain.asked_ends import AskedEnd
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ASKED_END = tables.ASKED_END


async def stored(tx: Tx, keys: Sequence[tuple[str, date]]) -> dict[str, tuple[AskedEnd, int]]:
    """Return the asked ends of points and days with their versions, locked to the end of the unit of work."""
    rows = await bulk.select_in(
        tx,
        ASKED_END,
        {"service_point_no": [key[0] for key in keys], "day": [key[1] for key in keys]},
        order_by=(ASKED_END.c.service_point_no, ASKED_END.c.day),
        for_update=True,
    )
    return {each.ask_id: (each, row.version) for each, row in ((_asked_end(row), row) for row in rows)}


async def put(tx: Tx, given: Sequence[tuple[AskedEnd, int]]) -> set[str]:
    """Insert or replace asked ends, each with its new version, and return the ids of those that were applied."""
    ends = [end for end, _ in given]
    applied = await bulk.upsert_newer(
        tx,
        ASKED_END,
        {
            "service_point_no": [each.service_point_no for each in ends],
            "day": [each.day for each in ends],
            "org_unit": [each.org_unit for each in ends],
            "kind": [each.kind for each in ends],
            "reason": [each.reason for each in ends],
            "withdrawn": [each.withdrawn for each in ends],
            "version": [version for _, version in given],
        },
        key=("service_point_no", "day"),
    )
    there = {(row.service_point_no, row.day) for row in applied}
    return {each.ask_id for each in ends if (each.service_point_no, each.day) in there}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, service_point_no: str | None
) -> Sequence[Row[Any]]:
    """Return a page of asked ends, in order of point and day, with those that were withdrawn."""
    asked = ASKED_END.c
    return await view.all(
        select(ASKED_END)
        .where(visible(asked.org_unit), equals(asked.service_point_no, service_point_no))
        .where(after(asked.service_point_no, asked.day))
        .order_by(asked.service_point_no, asked.day)
        .limit(limit)
    )


def _asked_end(row: Row[Any]) -> AskedEnd:
    return AskedEnd(
        service_point_no=row.service_point_no,
        day=row.day,
        org_unit=row.org_unit,
        kind=row.kind,
        reason=row.reason,
        withdrawn=row.withdrawn,
    )
