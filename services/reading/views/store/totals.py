"""Control totals of a cycle, and the gauges."""

from sqlalchemy import func, select

from services.reading.reads.tables import UPLOAD
from services.reading.tasks.store import tasks
from services.reading.usage.tables import USAGE
from shared.db.engine import View


async def control_totals(view: View, cycle: str) -> dict[str, int]:
    """Return the control totals of a cycle: reads by outcome of their uploads, usages published and their import energy.

    `usages_published` and `usage_wh` count every version; `usages_first`, `usage_first_wh` and `estimates_made` version 1 alone.
    """
    upload, usage = UPLOAD.c, USAGE.c
    reads = await view.first(
        select(
            *(
                func.coalesce(func.sum(column), 0).label(column.name)
                for column in (
                    upload.received,
                    upload.accepted,
                    upload.already_accepted,
                    upload.conflicting,
                    upload.refused,
                    upload.waiting,
                )
            )
        ).where(upload.cycle == cycle)
    )
    rows = await view.all(
        select(usage.version, func.count().label("usages"), func.sum(usage.import_wh).label("wh"))
        .where(usage.cycle == cycle)
        .group_by(usage.version)
    )
    estimated = await view.scalar(
        select(func.count())
        .select_from(USAGE)
        .where(usage.cycle == cycle, usage.version == 1, usage.quality == "estimated")
    )
    assert reads is not None
    first = next(((int(row.usages), int(row.wh)) for row in rows if row.version == 1), (0, 0))
    return {
        "reads_received": int(reads.received),
        "reads_accepted": int(reads.accepted),
        "reads_duplicate": int(reads.already_accepted) + int(reads.conflicting),
        "reads_refused": int(reads.refused),
        "reads_waiting": int(reads.waiting),
        "usages_published": sum(int(row.usages) for row in rows),
        "usage_wh": sum(int(row.wh) for row in rows),
        "usages_first": first[0],
        "usage_first_wh": first[1],
        "estimates_made": int(estimated or 0),
    }


async def gauges(view: View) -> dict[str, float]:
    """Return the service's gauges."""
    return {"reading_tasks_open": float(await tasks.open_now(view))}
