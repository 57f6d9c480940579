"""Customers' own reads, with what the next read of somebody else says of them: a constant number of statements for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select

from services.reading.network.tables import METER
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store.meter_days import meter_days
from services.reading.reads.tables import READ
from services.reading.usage.domain import own_reads
from services.reading.usage.domain.ranking import SELF
from services.reading.usage.domain.usages import in_force
from services.reading.usage.store import usages
from services.reading.validation.domain import own_read_contradicted
from services.reading.validation.tables import FINDING
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import View


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRead:
    """An own read of a day, where it is of, what became of it, and the read that has checked it."""

    read_id: str
    meter_no: str
    service_point_no: str | None
    org_unit: str
    read_at: datetime
    day: date
    state: str
    checked_by: str | None


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    meter_no: str | None,
    since: date | None,
    to: date | None,
    days: ReadDays,
) -> list[OwnRead]:
    """Return a page of own reads by their instants, of meters that are visible; `to` is a day of them, too."""
    own = READ.c
    wanted = [own.source == SELF]
    if meter_no is not None:
        wanted.append(own.meter_no == meter_no)
    if since is not None:
        wanted.append(own.read_at >= days.bounds(since)[0])
    if to is not None:
        wanted.append(own.read_at < days.bounds(to)[1])
    rows = await view.all(
        select(own.meter_no, own.read_at, METER.c.org_unit)
        .join(METER, METER.c.meter_no == own.meter_no)
        .where(*wanted, visible(METER.c.org_unit), after(own.read_at, own.meter_no))
        .distinct()
        .order_by(own.read_at, own.meter_no)
        .limit(limit)
    )
    return await _judged(view, rows, days) if rows else []


async def _judged(view: View, rows: Sequence[Row[Any]], days: ReadDays) -> list[OwnRead]:
    ids = [identity.read_id(row.meter_no, row.read_at, SELF) for row in rows]
    there = await meter_days(view, list({(row.meter_no, days.of(row.read_at)): None for row in rows}))
    points = sorted({meter.service_point_no for meter in there.values() if meter.service_point_no})
    told = {point: in_force(versions) for point, versions in (await usages.of_points(view, points)).items()}
    found = await bulk.select_in(
        view,
        FINDING,
        {"entity_id": ids},
        columns=(FINDING.c.entity_id,),
        where=(FINDING.c.entity_kind == "read") & (FINDING.c.code == own_read_contradicted.CODE),
    )
    contradicted = {row.entity_id for row in found}
    judged = []
    for row, read_id in zip(rows, ids, strict=True):
        day = days.of(row.read_at)
        point = there[row.meter_no, day].service_point_no
        state, by = own_reads.verdict(read_id, told.get(point, ()), is_found=read_id in contradicted)
        judged.append(
            OwnRead(
                read_id=read_id,
                meter_no=row.meter_no,
                service_point_no=point or None,
                org_unit=row.org_unit,
                read_at=row.read_at,
                day=day,
                state=state,
                checked_by=by,
            )
        )
    return judged
