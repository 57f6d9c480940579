"""Routes of usages."""

from typing import Annotated, Literal

from fastapi import Path
from starlette.responses import Response

from services.reading.context import READ, Own
from services.reading.network.schemas import No
from services.reading.reads.domain.days import ReadDays
from services.reading.usage import examples, schemas
from services.reading.usage.store import usages
from services.reading.usage.use_cases import adopting
from services.reading.usage.use_cases.knowing import Loader
from shared import web
from shared.fields import Month
from shared.web import auth, batch, errors, pagination, scopes

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
    """List usages, all versions, in the order of the days on which their periods end."""
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


@router.post(
    "/heard-usages",
    policy=auth.scope(scopes.RESTORE_RUN, whole_utility=True),
    example=examples.HEARD,
    response_model=batch.OutcomesOut,
)
async def adopt_usages(body: schemas.HeardIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Keep usages as billing heard them: after a restore, what was told since the dump is not known here."""
    loader = Loader(days=ReadDays(own.policies, own.zone))
    async with db.begin() as tx:
        outcomes = await adopting.adopt(tx, body.items, loader=loader, actor=caller.subject)
    return batch.answer(outcomes)


@router.get("/usages/{usage_id}", policy=READ)
async def get_usage(usage_id: Annotated[No, Path()], caller: auth.Current, db: web.Db) -> schemas.UsageWithCurvesOut:
    """Return one version of a usage, with its load curves."""
    async with db.view() as view:
        row = await usages.row(view, usage_id)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("usage")
    return schemas.UsageWithCurvesOut(**usages.document(row), curves=usages.curves(row))
