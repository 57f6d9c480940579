"""Daily registers, in and out: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from services.reading.base import equals
from services.reading.daily import tables
from services.reading.daily.domain import SoFar
from services.reading.network.store.points import Locked
from services.reading.usage.store import codec
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

DAILY = tables.DAILY


async def by_no(view: View, service_point_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return what was told last, by point."""
    rows = await bulk.select_in(view, DAILY, {"service_point_no": service_point_nos})
    return {row.service_point_no: row for row in rows}


async def put(tx: Tx, told: Sequence[tuple[Locked, SoFar, int, str]]) -> None:
    """Keep what is told of points, each with its version and the digest of what is said."""
    await bulk.upsert_newer(
        tx,
        DAILY,
        {
            "service_point_no": [point.service_point_no for point, _, _, _ in told],
            "org_unit": [point.org_unit for point, _, _, _ in told],
            "route_no": [point.route_no for point, _, _, _ in told],
            "version": [version for _, _, version, _ in told],
            "period_from": [each.period_from for _, each, _, _ in told],
            "through": [each.through for _, each, _, _ in told],
            "energy": [codec.energy_text(each.energy_wh) for _, each, _, _ in told],
            "read_date": [each.ends.day for _, each, _, _ in told],
            "prepaid_from": [each.prepaid[0] if each.prepaid else None for _, each, _, _ in told],
            "prepaid_to": [each.prepaid[1] if each.prepaid else None for _, each, _, _ in told],
            "digest": [digest for _, _, _, digest in told],
            "told_at": [tx.now] * len(told),
        },
        key=("service_point_no",),
    )


def stale(before: date, today: date) -> ColumnElement[bool]:
    """Return the condition that a point is prepaid today, and was so before a day up to which nothing is known of it."""
    c = DAILY.c
    return and_(c.through < before, c.prepaid_from < before, or_(c.prepaid_to.is_(None), c.prepaid_to > today))


async def stale_count(view: View, *, before: date, today: date) -> int:
    """Return how many points are stale."""
    return int(await view.scalar(select(func.count()).select_from(DAILY).where(stale(before, today))))


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    where: Sequence[ColumnElement[bool]],
    point: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of what was told last, in order of points."""
    c = DAILY.c
    return await view.all(
        select(DAILY)
        .where(visible(c.org_unit), after(c.service_point_no), equals(c.service_point_no, point), *where)
        .order_by(c.service_point_no)
        .limit(limit)
    )
