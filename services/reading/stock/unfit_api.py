"""The route of meters in use that may not be: whose last test was failed, or whose verification has expired."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from services.reading.context import READ
from services.reading.network.schemas import Code, OrgUnit, Shown
from services.reading.stock.store import unfit
from services.reading.stock.store.unfit import Filters, Why
from shared import web
from shared.errors import BusinessError
from shared.fields import Day
from shared.web import auth, pagination, spreadsheet
from shared.web.pagination import Page

router = web.Router("/v1", tags=["meters"])
CSV_MAX = 50_000  # rows of a file: some seconds
On = Annotated[Day, Query(description="The day of the report, as is known by now.")]


class TooManyRows(BusinessError):
    status = 422
    code = "unfit_meters.too_many_rows"
    title = f"A file has at most {CSV_MAX} rows: narrow them by filters"


class UnfitMeterOut(Shown):
    """A meter that stands at a point though it may not be used."""

    meter_no: str
    why: Why = Field(description="Its last test was failed, else its last known verification has expired.")
    service_point_no: str
    org_unit: str
    meter_type: str | None
    tested_on: date | None = Field(description="The last test by the day, and its certificate.")
    lab_no: str | None
    verified_until: date | None = Field(description="The last day on which its verification held.")


@router.get(
    "/unfit-meters",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[UnfitMeterOut],
)
async def list_unfit_meters(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    on: On,
    why: Why | None = None,
    org_unit: OrgUnit | None = None,
    meter_type: Code | None = None,
    form: spreadsheet.Form = "json",
) -> Response:
    """List the meters that stand at points on a day though their last test was failed, or their verification has expired."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    filters = Filters(why=why, org_unit=org_unit, meter_type=meter_type)
    async with db.view() as view:
        rows = await unfit.listed(
            view, on, visible=caller.visible, after=asked.after, limit=asked.fetch, filters=filters
        )
    page = asked.page(rows, key=lambda row: (row.meter_no,), item=UnfitMeterOut.of)
    return spreadsheet.page_or_file(form, page, UnfitMeterOut, TooManyRows)
