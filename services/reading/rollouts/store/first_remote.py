"""Points with their first meter that is read remotely, and which of them were told: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, exists, select

from services.reading.network.store import rolling_out
from services.reading.rollouts.tables import FIRST_REMOTE
from shared.db import bulk
from shared.db.engine import Tx, View


def _untold(on: date, since: date, types: Sequence[str]) -> Select[Any]:
    row = rolling_out.first_of_types(on, since, types).subquery("first").c
    told = exists().where(FIRST_REMOTE.c.service_point_no == row.service_point_no)
    return select(*row).where(~told)


async def units(view: View, on: date, since: date, types: Sequence[str]) -> list[str]:
    """Return the org units of points that have their first such meter on a day, fitted after another one, and were not told."""
    row = _untold(on, since, types).subquery("untold").c
    return [each.org_unit for each in await view.all(select(row.org_unit).distinct().order_by(row.org_unit))]


async def untold(
    view: View, org_unit: str, on: date, since: date, types: Sequence[str], limit: int
) -> Sequence[Row[Any]]:
    """Return such points of an org unit, each with its meter and the day on which that was fitted."""
    row = _untold(on, since, types).subquery("untold").c
    mine = select(*row).where(row.org_unit == org_unit)
    return await view.all(mine.order_by(row.service_point_no).limit(limit))


async def keep(tx: Tx, found: Sequence[Row[Any]], told_on: date) -> set[str]:
    """Keep that points were told, and return those that had not been."""
    names = ("service_point_no", "meter_no", "fitted_on")
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in found] for name in names}
    columns["told_on"] = [told_on] * len(found)
    rows = await bulk.insert_ignore(tx, FIRST_REMOTE, columns, key=("service_point_no",))
    return {row.service_point_no for row in rows}
