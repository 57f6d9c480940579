"""Trial runs, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, func, or_, select, update

from services.billing.trials.domain.trial import LIFE, Scope
from services.billing.trials.tables import IS_UNDER_WAY, TRIAL_RUN
from shared.db import bulk, locks
from shared.db.columns import Condition
from shared.db.engine import Tx, View

_ASKING: Final = 7_430_003  # key of PostgreSQL's advisory lock: of two that ask at once both count the other


async def under_way(tx: Tx) -> int:
    """Return how many trials wait or run, while nobody else asks for one."""
    await locks.advisory(tx, _ASKING)
    return int(await tx.scalar(select(func.count()).select_from(TRIAL_RUN).where(IS_UNDER_WAY)))


async def insert(tx: Tx, row: Mapping[str, Any]) -> None:
    """Store a trial that is asked for."""
    await bulk.insert_rows(tx, TRIAL_RUN, {name: [value] for name, value in row.items()})


async def get(view: View, trial_id: str, *, lock: bool = False) -> Row[Any] | None:
    """Return a trial."""
    statement = select(TRIAL_RUN).where(TRIAL_RUN.c.trial_id == trial_id)
    return await view.first(statement.with_for_update() if lock else statement)


async def page(view: View, *, visible: Condition, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """List the trials, oldest first."""
    t = TRIAL_RUN.c
    statement = select(TRIAL_RUN).where(visible(t.org_unit), after(t.trial_id))
    return await view.all(statement.order_by(t.trial_id).limit(limit))


async def next_to_work_on(tx: Tx, *, by: str) -> Row[Any] | None:
    """Lock the oldest trial that is not over, where it waits, was one's own, or its lease has run out: one runs at a time."""
    t = TRIAL_RUN.c
    free = or_(t.leased_until.is_(None), t.leased_until < tx.now, t.leased_by == by)
    oldest = select(func.min(t.trial_id)).where(IS_UNDER_WAY).scalar_subquery()
    statement = select(TRIAL_RUN).where(t.trial_id == oldest, free)
    return await tx.first(statement.with_for_update(skip_locked=True))


async def move(tx: Tx, row: Row[Any], event: str, **values: Any) -> None:
    """Move a locked trial by an event of its life."""
    assert row.status in LIFE.sources(event), (row.status, event)
    await change(tx, row, status=LIFE.target(event), **values)


async def change(tx: Tx, row: Row[Any], **values: Any) -> None:
    """Set columns of a locked trial, with the next version of its row."""
    t = TRIAL_RUN.c
    where = t.trial_id == row.trial_id, t.version == row.version
    changed = await tx.execute(update(TRIAL_RUN).where(*where).values(version=row.version + 1, **values))
    assert changed == 1


async def extend(tx: Tx, trial_id: str, *, seen: int, leased_until: datetime, **values: Any) -> bool:
    """Note progress and keep the lease, and return whether the trial was still ours: of the version that we have seen."""
    t = TRIAL_RUN.c
    changed = await tx.execute(
        update(TRIAL_RUN)
        .where(t.trial_id == trial_id, t.version == seen, IS_UNDER_WAY)
        .values(version=seen + 1, leased_until=leased_until, **values)
    )
    return changed == 1


def scope_of(row: Row[Any]) -> Scope:
    """Return whose bills a trial tries."""
    return Scope(org_unit=row.org_unit, route_no=row.route_no, cycle_from=row.cycle_from, cycle_to=row.cycle_to)
