"""Devices and head-ends."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select

from services.reading.network import tables
from services.reading.network.domain.device_keys import LIVE_MAX
from services.reading.network.domain.reference import Device
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.web.devices import DeviceRecord

DEVICE = tables.DEVICE
KEY = tables.DEVICE_KEY
DEVICE_METER = tables.DEVICE_METER
_DEVICE = (
    select(DEVICE, KEY.c.key_id)
    .join_from(
        DEVICE,
        KEY,
        (KEY.c.device_id == DEVICE.c.device_id)
        & or_(KEY.c.ends_at.is_(None), KEY.c.ends_at > bindparam("now", type_=KEY.c.ends_at.type)),
        isouter=True,
    )
    .where(DEVICE.c.device_id == bindparam("given"))
    .order_by(KEY.c.made_at.desc(), KEY.c.key_id.desc())
    .limit(LIVE_MAX)
)


async def record(view: View, device_id: str, *, now: datetime) -> DeviceRecord | None:
    """Return what signatures of a device are checked against."""
    rows = await view.all(_DEVICE, {"given": device_id, "now": now})
    if not rows:
        return None
    device = rows[0]
    return DeviceRecord(
        key_ids=tuple(row.key_id for row in rows if row.key_id is not None),
        active=bool(device.active),
        org_unit=device.org_unit,
        meter_no=device.meter_no,
    )


async def listed(view: View, *, visible: Condition, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """Return a page of devices, in order."""
    device = DEVICE.c
    return await view.all(
        select(DEVICE).where(visible(device.org_unit), after(device.device_id)).order_by(device.device_id).limit(limit)
    )


async def stored(tx: Tx, device_ids: Sequence[str]) -> dict[str, tuple[Device, int]]:
    """Return devices and their versions by number, locked to the end of the unit of work."""
    rows = await bulk.select_in(tx, DEVICE, {"device_id": device_ids}, order_by=(DEVICE.c.device_id,), for_update=True)
    return {row.device_id: (_device(row), row.version) for row in rows}


async def put(tx: Tx, given: Sequence[tuple[Device, int]]) -> set[str]:
    """Insert or replace devices, each with its new version, and return the numbers that were applied."""
    devices = [device for device, _ in given]
    applied = await bulk.upsert_newer(
        tx,
        DEVICE,
        {
            "device_id": [each.device_id for each in devices],
            "org_unit": [each.org_unit for each in devices],
            "meter_no": [each.meter_no for each in devices],
            "active": [int(each.active) for each in devices],
            "version": [version for _, version in given],
        },
        key=("device_id",),
    )
    return {row.device_id for row in applied}


async def note_meters(tx: Tx, meters: Mapping[str, str | None], *, on: date) -> None:
    """Note of which meter each device is from a day on; null: of none. Three statements."""
    devices: dict[str, list[Any]] = {"device_id": list(meters)}
    await bulk.delete_in(tx, DEVICE_METER, devices, where=DEVICE_METER.c.from_day >= on)
    ended = devices | {"to_day": [on] * len(meters)}
    still = DEVICE_METER.c.to_day.is_(None) | (DEVICE_METER.c.to_day > on)
    await bulk.update_from(tx, DEVICE_METER, ended, key=("device_id",), where=still, partial=True)
    new = {device_id: meter_no for device_id, meter_no in meters.items() if meter_no is not None}
    given: dict[str, list[Any]] = {"device_id": list(new), "meter_no": list(new.values()), "from_day": [on] * len(new)}
    await bulk.insert_rows(tx, DEVICE_METER, given)


async def meters_with(view: View, meter_nos: Sequence[str]) -> set[str]:
    """Return which of some meters have a device of their own, or had one."""
    return {row.meter_no for row in await bulk.select_in(view, DEVICE, {"meter_no": meter_nos})}


def _device(row: Row[Any]) -> Device:
    return Device(
        device_id=row.device_id,
        org_unit=row.org_unit,
        meter_no=row.meter_no,
        active=bool(row.active),
    )
