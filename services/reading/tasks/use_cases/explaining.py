"""How many points of a closed route nobody has explained is told whenever it changes (有无遗漏)."""

from collections.abc import Collection
from datetime import date

from services.reading.tasks.store import reasons, route_cycles
from shared.db.engine import Tx
from shared.events.reading import RouteExplained


async def tell(tx: Tx, days: Collection[tuple[str, date]], *, by_reads: bool = False) -> None:
    """Count again the routes of read dates whose tasks or reasons have changed, and tell those that are closed and differ.

    `by_reads`: what made them fewer is reads that came in by now, after the closing.
    Their rows are locked, so that two who change points of one route count one after the other. A route that is being closed
    tells it with its totals.
    """
    if not days:
        return
    rows = await route_cycles.lock_told(tx, sorted(days))
    if not rows:
        return
    counted = await reasons.missing(tx, [(row.route_no, row.read_date) for row in rows])
    changed = [(row, count) for row in rows if (count := counted[row.route_no, row.read_date]) != row.unexplained]
    if not changed:
        return
    heard = await route_cycles.last_closed(tx)
    assert heard is not None, "a closed route has its day"
    noted = [(row, count, heard if by_reads and count < row.unexplained else row.uploaded_on) for row, count in changed]
    await route_cycles.note_unexplained(tx, noted)
    tx.publish(
        [
            RouteExplained(
                route_no=row.route_no,
                org_unit=row.org_unit,
                cycle=row.cycle,
                read_date=row.read_date,
                version=row.explained_version + 1,
                unexplained=count,
                explained_on=heard,
                uploaded_on=came_in,
            )
            for row, count, came_in in noted
        ]
    )
