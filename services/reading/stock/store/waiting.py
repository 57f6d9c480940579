"""What waits in stock for what must have happened before: movements of meters and events of seals, in one statement."""

from datetime import datetime

from sqlalchemy import func, select, union_all

from services.reading.stock import tables
from shared.db.engine import View


async def oldest(view: View) -> tuple[int, datetime | None]:
    """Return how many records count for nothing yet, and when the oldest of them was told."""
    told = union_all(
        *(
            select(table.c.created_at).where(table.c.fits == 0, table.c.annulled == 0)
            for table in (tables.MOVEMENT, tables.SEAL_EVENT)
        )
    ).subquery("told")
    row = await view.first(
        select(func.count().label("number"), func.min(told.c.created_at).label("first")).select_from(told)
    )
    return (int(row.number), row.first) if row else (0, None)
