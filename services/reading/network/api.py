"""Routes of the network: reference data is put idempotently, single and in batches, by the utility's own numbers."""

from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from services.reading.context import READ, WRITE, Own
from services.reading.network import examples, schemas
from services.reading.network.schemas import MeterNo, No
from services.reading.network.store import points, routes
from services.reading.network.use_cases import installations, reference
from shared import web
from shared.errors import BusinessError
from shared.outcome import Outcome
from shared.web import auth, pagination

router = web.Router("/v1", tags=["reference data"])


class RefusedItem(BusinessError):
    status = 409
    code = "reading.refused"
    title = "The object was refused; the detail begins with the code that a batch would give"


def _single(outcomes: list[Outcome]) -> schemas.OutcomeOut:
    (outcome,) = outcomes
    if outcome.status == "refused":
        raise RefusedItem(f"{outcome.code}: {outcome.message}")
    return schemas.OutcomeOut(**schemas.answer(outcomes)["outcomes"][0])


async def _put_routes(db: web.Db, caller: auth.Caller, items: list[schemas.RouteItem]) -> list[Outcome]:
    async with db.begin() as tx:
        rows = [item.model_dump() for item in items]
        return await reference.put_routes(tx, rows, actor=caller.subject, may_see=caller.may_see)


async def _put_points(db: web.Db, caller: auth.Caller, items: list[schemas.PointItem]) -> list[Outcome]:
    async with db.begin() as tx:
        rows = [item.model_dump() for item in items]
        return await reference.put_points(tx, rows, actor=caller.subject, may_see=caller.may_see)


def _meter(item: schemas.MeterItem) -> dict[str, Any]:
    return {
        "meter_no": item.meter_no,
        "org_unit": item.org_unit,
        "registers": [(each.quantity, each.digits, each.scale) for each in item.registers],
        "numerator": item.multiplier,
        "denominator": item.multiplier_denominator,
    }


async def _put_meters(db: web.Db, caller: auth.Caller, items: list[schemas.MeterItem]) -> list[Outcome]:
    async with db.begin() as tx:
        rows = [_meter(item) for item in items]
        return await reference.put_meters(tx, rows, actor=caller.subject, may_see=caller.may_see)


async def _put_devices(db: web.Db, caller: auth.Caller, items: list[schemas.DeviceItem]) -> list[Outcome]:
    async with db.begin() as tx:
        rows = [item.model_dump() | {"active": int(item.active)} for item in items]
        return await reference.put_devices(tx, rows, actor=caller.subject, may_see=caller.may_see)


@router.put("/routes/{route_no}", policy=WRITE, raises=(RefusedItem,), example=examples.ROUTE)
async def put_route(
    route_no: Annotated[No, Path()], body: schemas.RouteIn, caller: auth.Current, db: web.Db
) -> schemas.OutcomeOut:
    """Put a route with its read day (抄表例日)."""
    return _single(await _put_routes(db, caller, [schemas.RouteItem(route_no=route_no, **body.model_dump())]))


@router.put("/routes", policy=WRITE, example=examples.ROUTES, response_model=schemas.Answer)
async def put_routes(body: schemas.Routes, caller: auth.Current, db: web.Db) -> Response:
    """Put up to 1,000 routes."""
    return web.Json(schemas.answer(await _put_routes(db, caller, body.items)))


@router.get("/routes", policy=READ)
async def list_routes(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[schemas.RouteOut]:
    """List routes."""
    async with db.view() as view:
        rows = await routes.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.route_no,), item=schemas.RouteOut.of)


@router.put("/service-points/{service_point_no}", policy=WRITE, raises=(RefusedItem,), example=examples.POINT)
async def put_point(
    service_point_no: Annotated[No, Path()], body: schemas.PointIn, caller: auth.Current, db: web.Db
) -> schemas.OutcomeOut:
    """Put a service point on a route."""
    item = schemas.PointItem(service_point_no=service_point_no, **body.model_dump())
    return _single(await _put_points(db, caller, [item]))


@router.put("/service-points", policy=WRITE, example=examples.POINTS, response_model=schemas.Answer)
async def put_points(body: schemas.Points, caller: auth.Current, db: web.Db) -> Response:
    """Put up to 1,000 service points."""
    return web.Json(schemas.answer(await _put_points(db, caller, body.items)))


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


@router.put("/meters/{meter_no}", policy=WRITE, raises=(RefusedItem,), example=examples.METER)
async def put_meter(
    meter_no: Annotated[MeterNo, Path()], body: schemas.MeterIn, caller: auth.Current, db: web.Db
) -> schemas.OutcomeOut:
    """Put a meter with its registers and multiplier; both are fixed once it was installed."""
    return _single(await _put_meters(db, caller, [schemas.MeterItem(meter_no=meter_no, **body.model_dump())]))


@router.put("/meters", policy=WRITE, example=examples.METERS, response_model=schemas.Answer)
async def put_meters(body: schemas.Meters, caller: auth.Current, db: web.Db) -> Response:
    """Put up to 1,000 meters."""
    return web.Json(schemas.answer(await _put_meters(db, caller, body.items)))


@router.put("/installations", policy=WRITE, example=examples.INSTALLATIONS, response_model=schemas.Answer)
async def put_installations(body: schemas.Installations, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Install and remove up to 1,000 meters, in the order given.

    A meter exchange is two items: the old meter again with `removed_on` and `closing`, and the new one with its `opening`.
    """
    given = [installations.Given(**item.model_dump()) for item in body.items]
    async with db.begin() as tx:
        outcomes = await installations.put(tx, given, actor=caller.subject, may_see=caller.may_see, zone=own.zone)
    return web.Json(schemas.answer(outcomes))


@router.put("/devices/{device_id}", policy=WRITE, raises=(RefusedItem,), example=examples.DEVICE)
async def put_device(
    device_id: Annotated[No, Path()], body: schemas.DeviceIn, caller: auth.Current, db: web.Db
) -> schemas.OutcomeOut:
    """Put a device or head-end; a higher key version makes its old key worthless."""
    return _single(await _put_devices(db, caller, [schemas.DeviceItem(device_id=device_id, **body.model_dump())]))


@router.put("/devices", policy=WRITE, example=examples.DEVICES, response_model=schemas.Answer)
async def put_devices(body: schemas.Devices, caller: auth.Current, db: web.Db) -> Response:
    """Put up to 1,000 devices."""
    return web.Json(schemas.answer(await _put_devices(db, caller, body.items)))
