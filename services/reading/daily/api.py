"""Routes of daily registers (日冻结示数): what was told last of prepaid points, and of which too little is known."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Row, not_

from services.reading.context import READ, Context, Own
from services.reading.daily import store
from services.reading.network.domain import calendar
from services.reading.network.schemas import No
from services.reading.usage.store import codec
from shared import web
from shared.web import auth, pagination
from shared.web.pagination import Page

router = web.Router("/v1", tags=["daily registers"])


class DailyRegisterOut(BaseModel):
    service_point_no: str
    org_unit: str
    route_no: str
    version: int = Field(description="The highest that was told.")
    period_from: date = Field(description="Where the usage that was told last ends, or supply began.")
    through: date = Field(description="The first day of which nothing is told.")
    energy_wh: dict[str, int] = Field(description="Wh by quantity.")
    read_date: date = Field(description="The planned date on which the cycle ends.")
    prepaid_from: date | None = Field(
        description="The first of the prepaid days around `through`, or of those to come."
    )
    prepaid_to: date | None = Field(description="The first day that is not prepaid any more.")
    stale: bool = Field(description="It is prepaid today, and nothing is known of the last days.")
    told_at: datetime


def stale_days(own: Context, now: datetime) -> tuple[date, date]:
    """Return the day up to which registers have to be known at an instant, and its own day."""
    today = calendar.local_day(now, own.zone)
    return today - timedelta(days=own.policies.on_or_first(today).daily_stale_days), today


@router.get("/daily-registers", policy=READ)
async def list_daily_registers(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    service_point_no: No | None = None,
    stale: Annotated[bool | None, Query(description="Prepaid today, without a register of the last days.")] = None,
) -> Page[DailyRegisterOut]:
    """List what was told last of points that are prepaid on some day, of the caller's org units."""
    before, today = stale_days(own, db.clock.now())
    is_stale = store.stale(before, today)
    where = [] if stale is None else [is_stale if stale else not_(is_stale)]
    async with db.view() as view:
        rows = await store.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, where=where, point=service_point_no
        )
    return wanted.page(rows, key=lambda row: (row.service_point_no,), item=lambda row: _out(row, before, today))


def _out(row: Row[Any], before: date, today: date) -> DailyRegisterOut:
    own = dict(row._mapping) | {"energy_wh": codec.energy(row.energy)}
    late = row.prepaid_from is not None and row.prepaid_from < before and row.through < before
    return DailyRegisterOut.model_validate(own | {"stale": late and (row.prepaid_to is None or row.prepaid_to > today)})
