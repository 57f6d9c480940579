"""Keys of devices: when each was made, and when it ends. No key itself is stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select

from services.reading.network import tables
from services.reading.network.domain.device_keys import DeviceKey
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

DEVICE = tables.DEVICE
KEY = tables.DEVICE_KEY


async def live(tx: Tx, device_ids: Sequence[str]) -> list[DeviceKey]:
    """Return the keys of devices that are not at their end, oldest first; the caller has locked the devices."""
    rows = await bulk.select_in(
        tx,
        KEY,
        {"device_id": device_ids},
        where=or_(KEY.c.ends_at.is_(None), KEY.c.ends_at > tx.now),
        order_by=(KEY.c.device_id, KEY.c.made_at, KEY.c.key_id),
    )
    return [_key(row) for row in rows]


async def known(tx: Tx, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of the given keys, by device and key id, that were ever made."""
    rows = await bulk.select_in(
        tx, KEY, {"device_id": [device_id for device_id, _ in keys], "key_id": [key_id for _, key_id in keys]}
    )
    return {(row.device_id, row.key_id) for row in rows}


async def add(tx: Tx, keys: Sequence[DeviceKey]) -> None:
    """Insert keys."""
    await bulk.insert_rows(
        tx,
        KEY,
        {
            "device_id": [key.device_id for key in keys],
            "key_id": [key.key_id for key in keys],
            "made_at": [key.made_at for key in keys],
            "made_by": [key.made_by for key in keys],
            "ends_at": [key.ends_at for key in keys],
        },
    )


async def end(tx: Tx, ends: Mapping[tuple[str, str], datetime]) -> None:
    """Set when keys end, by device and key id."""
    await bulk.update_from(
        tx,
        KEY,
        {
            "device_id": [device_id for device_id, _ in ends],
            "key_id": [key_id for _, key_id in ends],
            "ends_at": list(ends.values()),
        },
        key=("device_id", "key_id"),
    )


async def listed(view: View, device_id: str, *, visible: Condition, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """Return a page of the keys of a device, oldest first."""
    return await view.all(
        select(KEY)
        .join(DEVICE, DEVICE.c.device_id == KEY.c.device_id)
        .where(KEY.c.device_id == device_id, visible(DEVICE.c.org_unit), after(KEY.c.made_at, KEY.c.key_id))
        .order_by(KEY.c.made_at, KEY.c.key_id)
        .limit(limit)
    )


def _key(row: Row[Any]) -> DeviceKey:
    return DeviceKey(
        device_id=row.device_id, key_id=row.key_id, made_at=row.made_at, made_by=row.made_by, ends_at=row.ends_at
    )
