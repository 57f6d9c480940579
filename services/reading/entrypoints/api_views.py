"""Routes that people look at: routes and their progress, tasks, usages, findings, re-reads, curves."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from sqlalchemy import ColumnElement, select, true

from services.reading.adapters import codec, queries, route_store, store
from services.reading.entrypoints import schemas
from services.reading.entrypoints.schemas import Code, MeterNo, Month, No, Quantity
from shared import web
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["views"])
READ = auth.scope("reading:read")
Status = Annotated[str, Query(max_length=16, pattern="^[a-z]+$")]


def _is(column: ColumnElement[str], value: str | None) -> ColumnElement[bool]:
    return true() if value is None else column == value


@router.get("/routes", policy=READ)
async def list_routes(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[schemas.RouteOut]:
    """List routes."""
    route = store.ROUTE.c
    async with db.view() as view:
        rows = await view.all(
            select(store.ROUTE)
            .where(caller.visible(route.org_unit), wanted.after(route.route_no))
            .order_by(route.route_no)
            .limit(wanted.fetch)
        )
    return wanted.page(rows, key=lambda row: (row.route_no,), item=schemas.RouteOut.of)


@router.get("/routes/{route_no}/cycles/{cycle}", policy=READ)
async def get_progress(
    route_no: Annotated[No, Path()], cycle: Annotated[Month, Path()], caller: auth.Current, db: web.Db
) -> schemas.ProgressOut:
    """Return how far a route is in a cycle: expected, read, estimated, missed, and what nobody has explained."""
    async with db.view() as view:
        row = await route_store.route_cycle(view, route_no, cycle)
        if row is None or not caller.may_see(row.org_unit):
            raise errors.not_found("route_cycle")
        counted = row if row.closed_on is not None else await route_store.totals(view, route_no, cycle)
        unexplained = await route_store.unexplained(view, route_no, cycle)
    names = ("expected", "actual", "estimated", "missed", "usages", "sum_wh")
    return schemas.ProgressOut(
        route_no=route_no,
        cycle=cycle,
        org_unit=row.org_unit,
        read_date=row.read_date,
        closed_on=row.closed_on,
        unexplained=unexplained,
        **{name: getattr(counted, name) for name in names},
    )


@router.get("/service-points", policy=READ)
async def list_points(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, route_no: No | None = None
) -> pagination.Page[schemas.PointOut]:
    """List service points."""
    point = store.POINT.c
    async with db.view() as view:
        rows = await view.all(
            select(store.POINT)
            .where(caller.visible(point.org_unit), _is(point.route_no, route_no), wanted.after(point.service_point_no))
            .order_by(point.service_point_no)
            .limit(wanted.fetch)
        )
    return wanted.page(rows, key=lambda row: (row.service_point_no,), item=schemas.PointOut.of)


@router.get("/tasks", policy=READ)
async def list_tasks(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    route_no: No | None = None,
    cycle: Month | None = None,
    status: Status | None = None,
    service_point_no: No | None = None,
) -> pagination.Page[schemas.TaskOut]:
    """List reading tasks."""
    task = store.TASK.c
    async with db.view() as view:
        rows = await view.all(
            route_store.tasks_with_reasons()
            .where(caller.visible(task.org_unit), wanted.after(task.service_point_no, task.read_date))
            .where(_is(task.route_no, route_no), _is(task.cycle, cycle), _is(task.status, status))
            .where(_is(task.service_point_no, service_point_no))
            .order_by(task.service_point_no, task.read_date)
            .limit(wanted.fetch)
        )
    return wanted.page(rows, key=lambda row: (row.service_point_no, row.read_date), item=schemas.TaskOut.of)


@router.get("/usages", policy=READ)
async def list_usages(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: No | None = None,
    cycle: Month | None = None,
    route_no: No | None = None,
    quality: Status | None = None,
) -> pagination.Page[schemas.UsageOut]:
    """List usages, all versions, in the order in which they were made."""
    usage = store.USAGE.c
    async with db.view() as view:
        rows = await view.all(
            select(store.USAGE)
            .where(caller.visible(usage.org_unit), wanted.after(usage.usage_id))
            .where(_is(usage.service_point_no, service_point_no), _is(usage.cycle, cycle))
            .where(_is(usage.route_no, route_no), _is(usage.quality, quality))
            .order_by(usage.usage_id)
            .limit(wanted.fetch)
        )
    return wanted.page(
        rows, key=lambda row: (row.usage_id,), item=lambda row: schemas.UsageOut(**queries.usage_document(row))
    )


@router.get("/usages/{usage_id}", policy=READ)
async def get_usage(usage_id: Annotated[No, Path()], caller: auth.Current, db: web.Db) -> schemas.UsageOut:
    """Return one version of a usage."""
    async with db.view() as view:
        row = await view.first(select(store.USAGE).where(store.USAGE.c.usage_id == usage_id))
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("usage")
    return schemas.UsageOut(**queries.usage_document(row))


@router.get("/findings", policy=READ)
async def list_findings(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    code: Code | None = None,
    cycle: Month | None = None,
    service_point_no: No | None = None,
) -> pagination.Page[schemas.FindingOut]:
    """List findings of validation."""
    finding = store.FINDING.c
    async with db.view() as view:
        rows = await view.all(
            select(store.FINDING)
            .where(caller.visible(finding.org_unit), wanted.after(finding.finding_id))
            .where(_is(finding.code, code), _is(finding.cycle, cycle))
            .where(_is(finding.service_point_no, service_point_no))
            .order_by(finding.finding_id)
            .limit(wanted.fetch)
        )
    return wanted.page(
        rows,
        key=lambda row: (row.finding_id,),
        item=lambda row: schemas.FindingOut(**(dict(row._mapping) | {"numbers": codec.energy(row.numbers)})),
    )


@router.get("/rereads", policy=READ)
async def list_rereads(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, status: Status | None = None
) -> pagination.Page[schemas.RereadOut]:
    """List requests to read again, open and answered."""
    reread = store.REREAD.c
    async with db.view() as view:
        rows = await view.all(
            select(store.REREAD)
            .where(caller.visible(reread.org_unit), wanted.after(reread.request_id), _is(reread.status, status))
            .order_by(reread.request_id)
            .limit(wanted.fetch)
        )
    return wanted.page(rows, key=lambda row: (row.request_id,), item=schemas.RereadOut.of)


@router.get("/curves/{meter_no}/{day}", policy=READ)
async def get_curve(
    meter_no: Annotated[MeterNo, Path()],
    day: date,
    caller: auth.Current,
    db: web.Db,
    quantity: Quantity = "import",
) -> schemas.CurveOut:
    """Return the day curve of a meter."""
    curve = store.CURVE.c
    async with db.view() as view:
        row = await view.first(
            select(store.CURVE).where(curve.meter_no == meter_no, curve.day == day, curve.quantity == quantity)
        )
        org_unit = await queries.org_unit_of_meter(view, meter_no)
    if row is None or org_unit is None or not caller.may_see(org_unit):
        raise errors.not_found("curve")
    text: str = row._mapping["values"]
    return schemas.CurveOut(
        meter_no=meter_no,
        day=day,
        quantity=quantity,
        unit="Wh",
        interval_minutes=row.interval_minutes,
        values=[int(value) if value else None for value in text.split(",")],
        missing=row.missing,
    )
