"""Usages, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from services.reading.base import Condition, equals
from services.reading.network.domain.energy import Boundary
from services.reading.network.store.codec import counts
from services.reading.tasks.store import tasks
from services.reading.usage import tables
from services.reading.usage.store import codec
from shared.db import bulk
from shared.db.engine import Tx, View

USAGE = tables.USAGE


@dataclass(slots=True)
class UsageRow:
    """One version of a usage, as its row."""

    service_point_no: str
    period_from: date
    period_to: date
    version: int
    org_unit: str
    route_no: str
    cycle: str
    quality: str
    energy: str
    import_wh: int
    closing_meter: str
    closing_counts: str
    closing_source: str
    closing_actors: str
    actors: str
    read_ids: str
    meter_nos: str
    findings: str
    estimate_reason: str | None
    estimates_in_a_row: int
    settles_estimate: int
    replaces_reason: str | None
    created_at: datetime
    usage_id: str

    @property
    def end(self) -> Boundary:
        """The registers from which the next period goes on."""
        known = self.quality != "estimated"
        return Boundary(self.period_to, self.closing_meter, counts(self.closing_counts), known)

    @property
    def days(self) -> int:
        return (self.period_to - self.period_from).days

    @property
    def closing_read_id(self) -> str:
        """The read at the end of the period, empty for an estimate."""
        return self.read_ids.rpartition(" ")[2] if self.quality != "estimated" else ""


USAGE_COLUMNS = tuple(field.name for field in fields(UsageRow))


_USAGE_SELECT = [USAGE.c[name] for name in USAGE_COLUMNS]


def _usage(row: Row[Any]) -> UsageRow:
    return UsageRow(*tuple(row))


def _previous_id() -> ColumnElement[str]:
    """Return the id of the last usage that began before a task's read date."""
    point, read_date = tasks.KEY
    return (
        select(USAGE.c.usage_id)
        .where(USAGE.c.service_point_no == point, USAGE.c.period_from < read_date)
        .order_by(USAGE.c.period_from.desc(), USAGE.c.version.desc())
        .limit(1)
        .correlate(tasks.TASK)
        .scalar_subquery()
        .label("previous_id")
    )


async def tasks_with_previous(view: View, keys: Sequence[tuple[str, date]]) -> dict[tuple[str, date], Row[Any]]:
    """Return the tasks of pairs of point and read date, each with the id of the last usage that began before it."""
    return await tasks.tasks(view, keys, also=(_previous_id(),))


async def usages(view: View, usage_ids: Sequence[str]) -> dict[str, UsageRow]:
    """Return usages by their ids."""
    rows = await bulk.select_in(view, USAGE, {"usage_id": usage_ids}, columns=_USAGE_SELECT)
    return {row.usage_id: _usage(row) for row in rows}


async def chains(view: View, service_point_nos: Sequence[str], since: date) -> dict[str, list[UsageRow]]:
    """Return the usages in force of points that end after a day, in order of their periods."""
    rows = await bulk.select_in(
        view,
        USAGE,
        {"service_point_no": service_point_nos},
        columns=_USAGE_SELECT,
        where=USAGE.c.period_to > since,
        order_by=(USAGE.c.service_point_no, USAGE.c.period_from, USAGE.c.version),
    )
    found: dict[str, list[UsageRow]] = {}
    for row in map(_usage, rows):
        chain = found.setdefault(row.service_point_no, [])
        if chain and chain[-1].period_from == row.period_from:
            chain[-1] = row  # a later version
        else:
            chain.append(row)
    return found


async def insert(tx: Tx, rows: Sequence[UsageRow]) -> None:
    """Write usage versions; the natural key refuses a second one of a version."""
    values: dict[str, Sequence[Any]] = {name: [getattr(row, name) for row in rows] for name in USAGE_COLUMNS}
    await bulk.insert_rows(tx, USAGE, values | {"created_at": bulk.Same(tx.now, len(rows))})


async def usage(view: View, usage_id: str) -> Row[Any] | None:
    """Return one version of a usage."""
    return await view.first(select(USAGE).where(USAGE.c.usage_id == usage_id))


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    service_point_no: str | None,
    cycle: str | None,
    route_no: str | None,
    quality: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of usages, all versions, in the order in which they were made."""
    usage = USAGE.c
    return await view.all(
        select(USAGE)
        .where(visible(usage.org_unit), after(usage.usage_id))
        .where(equals(usage.service_point_no, service_point_no), equals(usage.cycle, cycle))
        .where(equals(usage.route_no, route_no), equals(usage.quality, quality))
        .order_by(usage.usage_id)
        .limit(limit)
    )


def document(row: Row[Any]) -> dict[str, Any]:
    """Return a usage as people and programs read it."""
    return {
        "usage_id": row.usage_id,
        "service_point_no": row.service_point_no,
        "org_unit": row.org_unit,
        "route_no": row.route_no,
        "cycle": row.cycle,
        "period_from": row.period_from,
        "period_to": row.period_to,
        "version": row.version,
        "quality": row.quality,
        "energy_wh": codec.energy(row.energy),
        "meter_nos": codec.words(row.meter_nos),
        "read_ids": codec.words(row.read_ids),
        "actors": codec.words(row.actors),
        "findings": codec.words(row.findings),
        "estimate_reason": row.estimate_reason,
        "estimates_in_a_row": row.estimates_in_a_row,
        "settles_estimate": bool(row.settles_estimate),
        "replaces_reason": row.replaces_reason,
        "created_at": row.created_at,
        "derived_from": [
            {"service": "reading", "kind": "read", "id": read_id} for read_id in codec.words(row.read_ids)
        ],
    }
