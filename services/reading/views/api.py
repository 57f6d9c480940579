"""Routes over all capabilities."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from services.reading.context import READ, Own
from services.reading.network.schemas import MeterNo, No, Shown
from services.reading.reads.domain.days import ReadDays
from services.reading.views.store import own_reads, unmetered
from shared import web
from shared.fields import Day
from shared.web import auth, pagination

router = web.Router("/v1", tags=["network"])


class DaysWithoutMeterOut(BaseModel):
    """Days [from, to) of a contract on which no meter stood at its point; `to` is null while none has come."""

    service_point_no: str
    contract_no: str
    from_: date = Field(alias="from")
    to: date | None
    org_unit: str


@router.get("/days-without-meter", policy=READ)
async def list_days_without_meter(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, service_point_no: No | None = None
) -> pagination.Page[DaysWithoutMeterOut]:
    """List the days of contracts on which no meter stood (无表日), by service point: what was used on them is in no usage."""
    async with db.view() as view:
        rows = await unmetered.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, service_point_no=service_point_no
        )
    return wanted.page(
        rows,
        key=lambda row: (row.service_point_no, row.from_on),
        item=lambda row: DaysWithoutMeterOut(
            service_point_no=row.service_point_no,
            contract_no=row.contract_no,
            **{"from": row.from_on},
            to=row.to_on,
            org_unit=row.org_unit,
        ),
    )


class OwnReadOut(Shown):
    """A customer's own read (自报), and what the next read of somebody else says of it.

    `reported`: nobody else has read since; `confirmed`, `contradicted`: by the read `checked_by`, or by others that it does not
    agree with; `unused`: it closes no period, since a better read is there or none ends on its day.
    """

    read_id: str
    meter_no: str
    service_point_no: str | None = Field(description="Null where its meter stands nowhere on that day.")
    org_unit: str
    read_at: datetime
    day: date
    state: Literal["reported", "confirmed", "contradicted", "unused"]
    checked_by: str | None


@router.get("/own-reads", policy=READ)
async def list_own_reads(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    meter_no: MeterNo | None = None,
    from_: Annotated[Day | None, Query(alias="from", description="First day of the reads.")] = None,
    to: Annotated[Day | None, Query(description="Last day of the reads.")] = None,
) -> pagination.Page[OwnReadOut]:
    """List customers' own reads by their instants, each with what became of it as things stand."""
    async with db.view() as view:
        rows = await own_reads.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            meter_no=meter_no,
            since=from_,
            to=to,
            days=ReadDays(own.policies, own.zone),
        )
    return wanted.page(rows, key=lambda row: (row.read_at, row.meter_no), item=OwnReadOut.of)
