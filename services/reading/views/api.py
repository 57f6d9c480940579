"""Routes over all capabilities."""

from datetime import date

from pydantic import BaseModel, Field

from services.reading.context import READ
from services.reading.network.schemas import No
from services.reading.views.store import unmetered
from shared import web
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
