"""Routes of idle meters (闲置电表): the meters, and the figures that they add up to; as pages, or as a file."""

from functools import partial
from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from services.reading.context import READ, Own
from services.reading.idle_meters import schemas
from services.reading.idle_meters.domain import idle as domain
from services.reading.idle_meters.domain.idle import Kind
from services.reading.idle_meters.store import idle
from services.reading.idle_meters.store.idle import Filters
from services.reading.idle_meters.use_cases.limits import costs, limits
from services.reading.network.schemas import Code, OrgUnit
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
    code = "idle_meters.too_many_rows"
    title = f"A file has at most {CSV_MAX} rows: narrow them by filters"


def _filters(
    kind: Kind | None = None,
    org_unit: OrgUnit | None = None,
    alone: Annotated[bool, Query(description="Of the org unit alone, without those below it.")] = False,
    meter_type: Code | None = None,
    typed: Annotated[bool | None, Query(description="false: those alone whose type is not known.")] = None,
    owner: Code | None = None,
) -> Filters:
    return Filters(kind=kind, org_unit=org_unit, alone=alone, meter_type=meter_type, typed=typed, owner=owner)


Wanted = Annotated[Filters, Depends(_filters)]


@router.get(
    "/idle-meters",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.IdleMeterOut],
)
async def list_idle_meters(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    filters: Wanted,
    on: On,
    form: spreadsheet.Form = "json",
) -> Response:
    """List the meters that are idle on a day: installed and unused, too long in hand, removed and not taken back."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        rows = await idle.listed(
            view,
            limits(on, own.policies),
            visible=caller.visible,
            after=asked.after,
            limit=asked.fetch,
            filters=filters,
        )
    item = partial(schemas.IdleMeterOut.of, costs=costs(on, own.policies))
    return spreadsheet.page_or_file(
        form, asked.page(rows, key=lambda row: (row.meter_no,), item=item), schemas.IdleMeterOut, TooManyRows
    )


@router.get(
    "/idle-meters/figures",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.IdleFigureOut],
)
async def list_figures(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    filters: Wanted,
    on: On,
    form: spreadsheet.Form = "json",
) -> Response:
    """List what idle meters cost, by kind, org unit, type and owner; each figure opens to its meters."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        groups = await idle.grouped(view, limits(on, own.policies), visible=caller.visible, filters=filters)
    last = asked.last_as(str, str, str, str)
    figures = domain.figures(groups, costs(on, own.policies))
    shown = [each for each in figures if last is None or each.key > last][: asked.fetch]
    page = asked.page(shown, key=lambda each: each.key, item=schemas.IdleFigureOut.figure)
    return spreadsheet.page_or_file(form, page, schemas.IdleFigureOut, TooManyRows)
