"""Bill runs, the release switch and the business day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, func, select, update

from services.billing.adapters.tables import BILL, BILL_RUN, BUSINESS_DAY, IS_READY, RELEASE_SWITCH
from services.billing.domain import runs
from shared.db import bulk, columns
from shared.db.engine import Tx, View

SWITCH = "all"
DAY = "billing"
RECHECKED_MAX = 1000  # runs of one look; a utility closes a few hundred routes a day


async def ensure(tx: Tx, opened: Sequence[tuple[str, str, str]]) -> None:
    """Open the runs, as (route, cycle, org unit), that are not there yet."""
    await bulk.insert_ignore(
        tx,
        BILL_RUN,
        {
            "route_no": [route for route, _, _ in opened],
            "cycle": [cycle for _, cycle, _ in opened],
            "org_unit": [unit for _, _, unit in opened],
            "status": [runs.OPEN] * len(opened),
            "version": [1] * len(opened),
            "findings": ["[]"] * len(opened),
        },
        key=("route_no", "cycle"),
    )


async def lock(tx: Tx, keys: Sequence[tuple[str, str]]) -> Sequence[Row[Any]]:
    """Lock runs by (route, cycle), in key order."""
    return await bulk.select_in(
        tx,
        BILL_RUN,
        {"route_no": [route for route, _ in keys], "cycle": [cycle for _, cycle in keys]},
        order_by=(BILL_RUN.c.route_no, BILL_RUN.c.cycle),
        for_update=tx.dialect == "postgresql",
    )


async def write(tx: Tx, changed: Sequence[dict[str, Any]]) -> None:
    """Set the same columns on runs; each is a mapping that holds the key."""
    if not changed:
        return
    names = list(changed[0])
    await bulk.update_from(
        tx, BILL_RUN, {name: [row[name] for row in changed] for name in names}, key=("route_no", "cycle")
    )


async def last_sums(view: View, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the `import` sum of each route's run before a cycle."""
    given = bulk.relation(
        view, "runs", {"route_no": (columns.No, [k[0] for k in keys]), "cycle": (columns.No, [k[1] for k in keys])}
    )
    before = BILL_RUN.alias("before")
    last = (
        select(func.max(before.c.cycle))
        .where(before.c.route_no == given.c.route_no, before.c.cycle < given.c.cycle, before.c.sum_wh.is_not(None))
        .scalar_subquery()
    )
    matches = and_(BILL_RUN.c.route_no == given.c.route_no, BILL_RUN.c.cycle == last)
    statement = select(given.c.route_no, given.c.cycle, BILL_RUN.c.sum_wh).select_from(given.join(BILL_RUN, matches))
    return {(row.route_no, row.cycle): row.sum_wh for row in await view.all(statement)}


async def closed_but_open(view: View) -> list[tuple[str, str]]:
    """List the runs whose route has closed while their totals did not agree yet."""
    rows = await view.all(
        select(BILL_RUN.c.route_no, BILL_RUN.c.cycle)
        .where(BILL_RUN.c.status == runs.OPEN, BILL_RUN.c.closed_on.is_not(None))
        .order_by(BILL_RUN.c.closed_on, BILL_RUN.c.route_no)
        .limit(RECHECKED_MAX)
    )
    return [(row.route_no, row.cycle) for row in rows]


async def finish(tx: Tx) -> int:
    """Call those runs released that have nothing left to issue, and return how many."""
    left = (
        select(BILL.c.bill_id)
        .where(BILL.c.route_no == BILL_RUN.c.route_no, BILL.c.cycle == BILL_RUN.c.cycle, IS_READY)
        .exists()
    )
    return await tx.execute(
        update(BILL_RUN)
        .where(BILL_RUN.c.status == runs.RELEASING, ~left)
        .values(status=runs.RELEASED, released_at=tx.now, version=BILL_RUN.c.version + 1)
    )


async def switch(view: View, *, share: bool = False) -> Row[Any] | None:
    """Read the release switch; `share` keeps it from being thrown until this unit of work has ended."""
    statement = select(RELEASE_SWITCH).where(RELEASE_SWITCH.c.name == SWITCH)
    if share and view.dialect == "postgresql":
        statement = statement.with_for_update(read=True)
    return await view.first(statement)


async def throw_switch(tx: Tx, *, stopped: bool, reason: str, version: int) -> bool:
    """Set the release switch to its next version; False where it has moved on."""
    if version == 0:
        row: dict[str, list[Any]] = {"name": [SWITCH], "stopped": [stopped], "reason": [reason], "version": [1]}
        return bool(await bulk.insert_ignore(tx, RELEASE_SWITCH, row, key=("name",)))
    changed = await tx.execute(
        update(RELEASE_SWITCH)
        .where(RELEASE_SWITCH.c.name == SWITCH, RELEASE_SWITCH.c.version == version)
        .values(stopped=stopped, reason=reason, version=version + 1)
    )
    return changed == 1


async def business_day(view: View) -> date | None:
    """Give the latest business date that billing has heard of."""
    day: date | None = await view.scalar(select(BUSINESS_DAY.c.day).where(BUSINESS_DAY.c.name == DAY))
    return day


async def advance_business_day(tx: Tx, day: date) -> None:
    """Move the business day forward; a past day leaves it where it is."""
    await bulk.insert_ignore(tx, BUSINESS_DAY, {"name": [DAY], "day": [day]}, key=("name",))
    await tx.execute(update(BUSINESS_DAY).where(BUSINESS_DAY.c.name == DAY, BUSINESS_DAY.c.day < day).values(day=day))
