"""Observations, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, true

from services.reading.base import equals
from services.reading.observations import tables
from services.reading.observations.domain import Observation
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

OBSERVATION = tables.OBSERVATION
Key = tuple[str, str]
"""Observer and number."""
_NAMES = tuple(each.name for each in fields(Observation))


async def insert(tx: Tx, seen: Sequence[Observation]) -> set[str]:
    """Write the observations whose number is new, and return the ids of these."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in seen] for name in _NAMES}
    columns["recorded_at"] = [tx.now] * len(seen)
    key = ("observed_by", "observation_no")
    rows = await bulk.insert_ignore(tx, OBSERVATION, columns, key=key, returning=("observation_id",))
    return {row.observation_id for row in rows}


async def by_key(view: View, keys: Sequence[Key]) -> dict[Key, Observation]:
    """Return observations by their observers and these observers' numbers."""
    given = {"observed_by": [by for by, _ in keys], "observation_no": [number for _, number in keys]}
    rows = await bulk.select_in(view, OBSERVATION, given)
    found = [Observation(**{name: getattr(row, name) for name in _NAMES}) for row in rows]
    return {each.key: each for each in found}


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    kind: str | None,
    severity: str | None,
    service_point_no: str | None,
    order_no: str | None,
    start: datetime | None,
    end: datetime | None,
) -> Sequence[Row[Any]]:
    """Return a page of the observations within [start, end), first to last."""
    row = OBSERVATION.c
    return await view.all(
        select(OBSERVATION)
        .where(visible(row.org_unit), after(row.seen_at, row.observation_id))
        .where(equals(row.kind, kind), equals(row.severity, severity), equals(row.order_no, order_no))
        .where(equals(row.service_point_no, service_point_no))
        .where(true() if start is None else row.seen_at >= start, true() if end is None else row.seen_at < end)
        .order_by(row.seen_at, row.observation_id)
        .limit(limit)
    )
