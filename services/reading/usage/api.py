"""Routes of usages."""

from typing import Annotated, Literal

from fastapi import Path

from services.reading.context import READ
from services.reading.network.schemas import No
from services.reading.usage import schemas
from services.reading.usage.store import usages
from shared import web
from shared.fields import Month
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["usages"])


@router.get("/usages", policy=READ)
async def list_usages(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: No | None = None,
    cycle: Month | None = None,
    route_no: No | None = None,
    quality: Literal["actual", "estimated", "edited"] | None = None,
) -> pagination.Page[schemas.UsageOut]:
    """List usages, all versions, in the order in which they were made."""
    async with db.view() as view:
        rows = await usages.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            service_point_no=service_point_no,
            cycle=cycle,
            route_no=route_no,
            quality=quality,
        )
    return wanted.page(rows, key=lambda row: (row.usage_id,), item=lambda row: schemas.UsageOut(**usages.document(row)))


@router.get("/usages/{usage_id}", policy=READ)
async def get_usage(usage_id: Annotated[No, Path()], caller: auth.Current, db: web.Db) -> schemas.UsageWithCurvesOut:
    """Return one version of a usage, with its load curves."""
    async with db.view() as view:
        row = await usages.row(view, usage_id)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("usage")
    return schemas.UsageWithCurvesOut(**usages.document(row), curves=usages.curves(row))
