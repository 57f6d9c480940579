"""Devices and head-ends."""

from sqlalchemy import bindparam, select

from services.reading.network import tables
from shared.db.engine import View
from shared.web.devices import DeviceRecord

DEVICE = tables.DEVICE


_DEVICE = select(DEVICE).where(DEVICE.c.device_id == bindparam("given"))


async def device(view: View, device_id: str) -> DeviceRecord | None:
    """Return what signatures of a device are checked against."""
    row = await view.first(_DEVICE, {"given": device_id})
    return None if row is None else DeviceRecord(row.key_version, bool(row.active), row.org_unit, row.meter_no)
