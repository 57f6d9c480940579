"""Routes of the network: reference data is put idempotently, single and in batches, by the utility's own numbers."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from services.reading.context import READ, WRITE
from services.reading.network import examples, schemas
from services.reading.network.domain.reference import Device, Route
from services.reading.network.schemas import No
from services.reading.network.store import points, routes
from services.reading.network.use_cases import reference
from shared import web
from shared.outcome import Outcome
from shared.web import auth, batch, pagination
from shared.web.batch import OutcomeOut, OutcomesOut

router = web.Router("/v1", tags=["reference data"])


async def _put_routes(db: web.Db, caller: auth.Caller, wanted: list[Route]) -> list[Outcome]:
    async with db.begin() as tx:
        return await reference.put_routes(tx, wanted, actor=caller.subject, may_see=caller.may_see)


async def _put_devices(db: web.Db, caller: auth.Caller, wanted: list[Device]) -> list[Outcome]:
    async with db.begin() as tx:
        return await reference.put_devices(tx, wanted, actor=caller.subject, may_see=caller.may_see)


@router.put("/routes/{route_no}", policy=WRITE, response_model=OutcomeOut, example=examples.ROUTE)
async def put_route(
    route_no: Annotated[No, Path()], body: schemas.RouteIn, caller: auth.Current, db: web.Db
) -> Response:
    """Put a route with its read day (抄表例日)."""
    return batch.single(await _put_routes(db, caller, [body.route(route_no)]))


@router.put("/routes", policy=WRITE, example=examples.ROUTES, response_model=OutcomesOut)
async def put_routes(body: schemas.Routes, caller: auth.Current, db: web.Db) -> Response:
    """Put up to 1,000 routes."""
    return batch.answer(await _put_routes(db, caller, [item.route(item.route_no) for item in body.items]))


@router.get("/routes", policy=READ)
async def list_routes(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[schemas.RouteOut]:
    """List routes."""
    async with db.view() as view:
        rows = await routes.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.route_no,), item=schemas.RouteOut.of)


@router.get("/service-points", policy=READ)
async def list_points(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, route_no: No | None = None
) -> pagination.Page[schemas.PointOut]:
    """List service points."""
    async with db.view() as view:
        rows = await points.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, route_no=route_no
        )
    return wanted.page(rows, key=lambda row: (row.service_point_no,), item=schemas.PointOut.of)


@router.put("/devices/{device_id}", policy=WRITE, response_model=OutcomeOut, example=examples.DEVICE)
async def put_device(
    device_id: Annotated[No, Path()], body: schemas.DeviceIn, caller: auth.Current, db: web.Db
) -> Response:
    """Put a device or head-end; a higher key version makes its old key worthless."""
    return batch.single(await _put_devices(db, caller, [body.device(device_id)]))


@router.put("/devices", policy=WRITE, example=examples.DEVICES, response_model=OutcomesOut)
async def put_devices(body: schemas.Devices, caller: auth.Current, db: web.Db) -> Response:
    """Put up to 1,000 devices."""
    return batch.answer(await _put_devices(db, caller, [item.device(item.device_id) for item in body.items]))
