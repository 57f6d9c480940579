"""Routes of the network: reference data is put idempotently, single and in batches, by the utility's own numbers."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from services.reading.context import KEYS, READ, WRITE, Context, Own
from services.reading.network import examples, schemas
from services.reading.network.domain import calendar
from services.reading.network.domain.reference import Device
from services.reading.network.schemas import No
from services.reading.network.store import device_keys as key_store
from services.reading.network.store import devices, points, read_days, routes
from services.reading.network.use_cases import device_keys, reference
from services.reading.network.use_cases.device_keys import KeyWanted, Revocation
from shared import web
from shared.outcome import Outcome
from shared.web import auth, batch, errors, pagination
from shared.web.batch import OutcomeOut, OutcomesOut

NOT_STORED = {"Cache-Control": "no-store"}
router = web.Router("/v1", tags=["reference data"])


async def _put_devices(db: web.Db, caller: auth.Caller, own: Context, wanted: list[Device]) -> list[Outcome]:
    async with db.begin() as tx:
        today = calendar.local_day(tx.now, own.zone)
        return await reference.put_devices(tx, wanted, actor=caller.subject, may_see=caller.may_see, today=today)


@router.get("/routes", policy=READ)
async def list_routes(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[schemas.RouteOut]:
    """List routes with all their read days."""
    async with db.view() as view:
        rows = await routes.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch)
        plans = await read_days.of_routes(view, [row.route_no for row in rows])
    return wanted.page(
        rows,
        key=lambda row: (row.route_no,),
        item=lambda row: schemas.RouteOut.of_plan(row.route_no, row.org_unit, plans[row.route_no].route),
    )


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


@router.get("/devices", policy=READ)
async def list_devices(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_
) -> pagination.Page[schemas.DeviceOut]:
    """List devices and head-ends; never a key."""
    async with db.view() as view:
        rows = await devices.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.device_id,), item=schemas.DeviceOut.of)


@router.put("/devices/{device_id}", policy=WRITE, response_model=OutcomeOut, example=examples.DEVICE)
async def put_device(
    device_id: Annotated[No, Path()], body: schemas.DeviceIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Put a device or head-end."""
    return batch.single(await _put_devices(db, caller, own, [body.device(device_id)]))


@router.put("/devices", policy=WRITE, example=examples.DEVICES, response_model=OutcomesOut)
async def put_devices(body: schemas.Devices, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Put up to 1,000 devices."""
    return batch.answer(await _put_devices(db, caller, own, [item.device(item.device_id) for item in body.items]))


def _there(outcome: Outcome) -> Outcome:
    """Return the outcome; 404 where the path names what is not there, or what the caller may not see."""
    kind = {device_keys.UNKNOWN_DEVICE: "device", device_keys.UNKNOWN_KEY: "device_key"}.get(outcome.code)
    if kind is not None:
        raise errors.not_found(kind)
    return outcome


async def _make_keys(db: web.Db, caller: auth.Caller, wanted: list[KeyWanted]) -> list[Outcome]:
    async with db.begin() as tx:
        return await device_keys.make(tx, wanted, actor=caller.subject, may_see=caller.may_see)


@router.post(
    "/devices/{device_id}/keys",
    policy=KEYS,
    status_code=201,
    response_model=schemas.DeviceKeyMadeOut,
    example=examples.DEVICE_KEY,
)
async def make_device_key(
    device_id: Annotated[No, Path()], body: schemas.DeviceKeyIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Make a key for a device. It is shown in this answer and never again: one whose answer is lost is made anew."""
    wanted = KeyWanted(device_id=device_id, overlap_until=body.overlap_until)
    outcome = _there(*await _make_keys(db, caller, [wanted]))
    batch.single([outcome], conflicts=("reading.too_many_device_keys",))
    assert outcome.id is not None
    made = {"device_id": device_id, "key_id": outcome.id, "key": own.devices.key(device_id, outcome.id).hex()}
    return web.Json(made, 201, NOT_STORED)


@router.post("/device-keys", policy=KEYS, response_model=schemas.DeviceKeyOutcomesOut, example=examples.DEVICE_KEYS)
async def make_device_keys(body: schemas.DeviceKeys, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Make a key for each of up to 500 devices."""
    wanted = [KeyWanted(device_id=item.device_id, overlap_until=item.overlap_until) for item in body.items]
    shown = []
    outcomes = await _make_keys(db, caller, wanted)
    for index, (each, outcome) in enumerate(zip(wanted, outcomes, strict=True)):
        item = batch.item(index, outcome)
        shown.append(item | {"key": own.devices.key(each.device_id, outcome.id).hex()} if outcome.id else item)
    return batch.answer(outcomes, shown=shown, headers=NOT_STORED)


@router.get("/devices/{device_id}/keys", policy=READ)
async def list_device_keys(
    device_id: Annotated[No, Path()], caller: auth.Current, db: web.Db, wanted: pagination.Query_
) -> pagination.Page[schemas.DeviceKeyOut]:
    """List when the keys of a device were made and end, oldest first; never the keys."""
    async with db.view() as view:
        rows = await key_store.listed(view, device_id, visible=caller.visible, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.made_at, row.key_id), item=schemas.DeviceKeyOut.of)


async def _revoke(db: web.Db, caller: auth.Caller, wanted: list[Revocation]) -> list[Outcome]:
    async with db.begin() as tx:
        return await device_keys.revoke(tx, wanted, actor=caller.subject, may_see=caller.may_see)


@router.post(
    "/devices/{device_id}/keys/{key_id}/revocation",
    policy=KEYS,
    response_model=OutcomeOut,
    example=examples.DEVICE_KEY_REVOCATION,
)
async def revoke_device_key(
    device_id: Annotated[No, Path()],
    key_id: Annotated[No, Path()],
    body: schemas.DeviceKeyRevocationIn,
    caller: auth.Current,
    db: web.Db,
) -> Response:
    """End a key now: the next message that is signed with it is refused."""
    wanted = Revocation(device_id=device_id, key_id=key_id, reason=body.reason)
    return batch.single([_there(*await _revoke(db, caller, [wanted]))])


@router.post(
    "/device-key-revocations",
    policy=KEYS,
    response_model=OutcomesOut,
    example=examples.DEVICE_KEY_REVOCATIONS,
)
async def revoke_device_keys(body: schemas.DeviceKeyRevocations, caller: auth.Current, db: web.Db) -> Response:
    """End up to 500 keys now, or all keys of devices."""
    wanted = [Revocation(device_id=each.device_id, key_id=each.key_id, reason=each.reason) for each in body.items]
    return batch.answer(await _revoke(db, caller, wanted))
