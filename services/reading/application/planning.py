"""Reading tasks of a cycle (抄表计划): made by business date, for each route whose read day has come in that month."""

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.reading.adapters import route_store, store
from services.reading.application import measuring, stored_reads
from services.reading.domain import cycles
from services.reading.domain.policy import Policies
from shared.db import bulk
from shared.db.engine import Tx, View


async def routes_due(view: View, business_date: date) -> Sequence[str]:
    """Return the routes whose read day falls on or before the date in its month."""
    due = select(store.ROUTE.c.route_no).where(store.ROUTE.c.read_day <= business_date.day)
    return [row.route_no for row in await view.all(due.order_by(store.ROUTE.c.route_no))]


async def plan(tx: Tx, *, route_no: str, business_date: date, policies: Policies, zone: ZoneInfo) -> Mapping[str, int]:
    """Make the tasks of a route for its read date in the month of `business_date`; reads that are there already close them.

    A point gets a task if a meter was installed there before the read date and is there on it. Done again, it adds the
    points that are new; a closed cycle gets no more.
    """
    locked = await route_store.lock_route(tx, route_no)
    if locked is None or (read_date := cycles.read_date(locked.read_day, business_date)) is None:
        return {}
    cycle = cycles.label(read_date)
    if await route_store.is_closed(tx, route_no, cycle):
        return {}
    await route_store.insert_route_cycle(tx, route_no, cycle, locked.org_unit, read_date)
    points = await route_store.points_to_read(tx, route_no, read_date)
    new = await insert_tasks(tx, [(point, route_no, org_unit, read_date) for point, org_unit in points], kind="cycle")
    reads = await stored_reads.closing(tx, new, zone)
    await measuring.apply(tx, reads, policies=policies)
    return {"tasks": len(new), "read_before": len(reads)}


async def insert_tasks(tx: Tx, wanted: Sequence[tuple[str, str, str, date]], *, kind: str) -> list[tuple[str, date]]:
    """Make tasks from (point, route, org unit, read date), and return those that are new as (point, read date)."""
    rows = await bulk.insert_ignore(
        tx,
        store.TASK,
        {
            "service_point_no": [each[0] for each in wanted],
            "read_date": [each[3] for each in wanted],
            "route_no": [each[1] for each in wanted],
            "cycle": [cycles.label(each[3]) for each in wanted],
            "org_unit": [each[2] for each in wanted],
            "kind": [kind] * len(wanted),
            "status": ["open"] * len(wanted),
            "usage_id": [None] * len(wanted),
            "import_wh": [None] * len(wanted),
            "reread": [0] * len(wanted),
        },
        key=("service_point_no", "read_date"),
    )
    return [(row.service_point_no, row.read_date) for row in rows]
