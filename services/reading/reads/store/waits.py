"""What waits for an installation, reads or day curves: tables whose key begins with the meter, with its org unit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, select

from services.reading.base import equals
from shared.db.columns import Condition
from shared.db.engine import View


async def oldest(view: View, *, table: Table) -> datetime | None:
    """Return since when the oldest row waits."""
    since: datetime | None = await view.scalar(select(table.c.waiting_since).order_by(table.c.waiting_since).limit(1))
    return since


async def listed(
    view: View, *, table: Table, visible: Condition, after: Condition, limit: int, meter_no: str | None
) -> Sequence[Row[Any]]:
    """Return a page of what waits, in order of its key."""
    order = tuple(table.primary_key.columns)
    return await view.all(
        select(table)
        .where(visible(table.c.org_unit), after(*order), equals(table.c.meter_no, meter_no))
        .order_by(*order)
        .limit(limit)
    )
