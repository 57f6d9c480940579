"""Alarms, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select, true

from services.reading.alarms import tables
from services.reading.alarms.domain import Alarm, AlarmKey
from services.reading.base import equals
from services.reading.network.store import installations
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ALARM = tables.ALARM
ORDER = ALARM.c.happened_at, ALARM.c.meter_no, ALARM.c.kind, ALARM.c.source
KEY = AlarmKey._fields


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meter is on a day (empty: nowhere), and the org unit of that point, or of the meter where it stands nowhere."""

    service_point_no: str
    org_unit: str


async def places(view: View, keys: Sequence[tuple[str, date]]) -> dict[tuple[str, date], Place]:
    """Return where meters are on local days; one that is not known is not among them."""
    rows = await view.all(installations.meter_days(view, keys).statement) if keys else []
    return {(row.meter_no, row.day): Place(row.service_point_no, row.org_unit) for row in rows}


async def insert(tx: Tx, alarms: Sequence[tuple[Alarm, Place]], *, uploader: str, message_id: str) -> set[AlarmKey]:
    """Write the alarms whose key is new, and return these keys."""
    keys = [alarm.key for alarm, _ in alarms]
    columns: dict[str, Sequence[Any]] = {
        **{name: [getattr(key, name) for key in keys] for name in KEY},
        "state": [alarm.state for alarm, _ in alarms],
        "service_point_no": [place.service_point_no for _, place in alarms],
        "org_unit": [place.org_unit for _, place in alarms],
        "uploader": [uploader] * len(alarms),
        "message_id": [message_id] * len(alarms),
        "received_at": [tx.now] * len(alarms),
    }
    return {key_of(row) for row in await bulk.insert_ignore(tx, ALARM, columns, key=KEY)}


async def states(view: View, keys: Sequence[AlarmKey]) -> dict[AlarmKey, str]:
    """Return the states of stored alarms."""
    wanted = {name: [getattr(key, name) for key in keys] for name in KEY}
    rows = await bulk.select_in(view, ALARM, wanted, columns=[*(ALARM.c[name] for name in KEY), ALARM.c.state])
    return {key_of(row): row.state for row in rows}


def key_of(row: Row[Any]) -> AlarmKey:
    """Return the natural key of a row."""
    return AlarmKey(meter_no=row.meter_no, happened_at=row.happened_at, kind=row.kind, source=row.source)


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    meter_no: str | None,
    service_point_no: str | None,
    kind: str | None,
    start: datetime | None,
    end: datetime | None,
) -> Sequence[Row[Any]]:
    """Return a page of the alarms within [start, end), first to last."""
    return await view.all(
        select(ALARM)
        .where(visible(ALARM.c.org_unit), after(*ORDER))
        .where(equals(ALARM.c.meter_no, meter_no), equals(ALARM.c.service_point_no, service_point_no))
        .where(equals(ALARM.c.kind, kind))
        .where(true() if start is None else ALARM.c.happened_at >= start)
        .where(true() if end is None else ALARM.c.happened_at < end)
        .order_by(*ORDER)
        .limit(limit)
    )
