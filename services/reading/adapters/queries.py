"""The read side: control totals, the trail back to the meter's message, and the lists that people look at."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from services.reading.adapters import codec, store
from services.reading.domain import identity
from services.reading.domain.refusal import Refused
from shared.db import bulk
from shared.db.engine import View
from shared.trace import Origin, TraceNode
from shared.web.devices import DeviceRecord

SERVICE = "reading"
_DEVICE = select(store.DEVICE).where(store.DEVICE.c.device_id == bindparam("given"))


async def device(view: View, device_id: str) -> DeviceRecord | None:
    """Return what signatures of a device are checked against."""
    row = await view.first(_DEVICE, {"given": device_id})
    return None if row is None else DeviceRecord(row.key_version, bool(row.active), row.org_unit, row.meter_no)


async def control_totals(view: View, cycle: str) -> dict[str, int]:
    """Return the control totals of a cycle: reads by outcome of their uploads, usages published and their import energy.

    `usages_published` and `usage_wh` count every version; `usages_first`, `usage_first_wh` and `estimates_made` version 1 alone.
    """
    upload, usage = store.UPLOAD.c, store.USAGE.c
    reads = await view.first(
        select(
            *(
                func.coalesce(func.sum(column), 0).label(column.name)
                for column in (
                    upload.received,
                    upload.accepted,
                    upload.already_accepted,
                    upload.conflicting,
                    upload.refused,
                )
            )
        ).where(upload.cycle == cycle)
    )
    rows = await view.all(
        select(usage.version, func.count().label("usages"), func.sum(usage.import_wh).label("wh"))
        .where(usage.cycle == cycle)
        .group_by(usage.version)
    )
    estimated = await view.scalar(
        select(func.count())
        .select_from(store.USAGE)
        .where(usage.cycle == cycle, usage.version == 1, usage.quality == "estimated")
    )
    assert reads is not None
    first = next(((int(row.usages), int(row.wh)) for row in rows if row.version == 1), (0, 0))
    return {
        "reads_received": int(reads.received),
        "reads_accepted": int(reads.accepted),
        "reads_duplicate": int(reads.already_accepted) + int(reads.conflicting),
        "reads_refused": int(reads.refused),
        "usages_published": sum(int(row.usages) for row in rows),
        "usage_wh": sum(int(row.wh) for row in rows),
        "usages_first": first[0],
        "usage_first_wh": first[1],
        "estimates_made": int(estimated or 0),
    }


async def trace(view: View, kind: str, id: str) -> TraceNode | None:
    """Return a document of this service: `usage`, `read`, `upload`, `device_message`."""
    found = {"usage": _trace_usage, "read": _trace_read, "upload": _trace_upload, "device_message": _trace_message}
    return await found[kind](view, id) if kind in found else None


def usage_document(row: Row[Any]) -> dict[str, Any]:
    """Return a usage as people and programs read it."""
    return {
        "usage_id": row.usage_id,
        "service_point_no": row.service_point_no,
        "org_unit": row.org_unit,
        "route_no": row.route_no,
        "cycle": row.cycle,
        "period_from": row.period_from,
        "period_to": row.period_to,
        "version": row.version,
        "quality": row.quality,
        "energy_wh": codec.energy(row.energy),
        "meter_nos": codec.words(row.meter_nos),
        "read_ids": codec.words(row.read_ids),
        "actors": codec.words(row.actors),
        "findings": codec.words(row.findings),
        "estimate_reason": row.estimate_reason,
        "estimates_in_a_row": row.estimates_in_a_row,
        "settles_estimate": bool(row.settles_estimate),
        "replaces_reason": row.replaces_reason,
        "created_at": row.created_at,
        "derived_from": _origins("read", codec.words(row.read_ids)),
    }


def _origins(kind: str, ids: Iterable[str]) -> list[dict[str, str]]:
    return [{"service": SERVICE, "kind": kind, "id": each} for each in ids]


def _node(kind: str, id: str, document: dict[str, Any]) -> TraceNode:
    origins = tuple(Origin(**origin) for origin in document.pop("derived_from"))
    return TraceNode(SERVICE, kind, id, document, origins)


async def _trace_usage(view: View, id: str) -> TraceNode | None:
    row = await view.first(select(store.USAGE).where(store.USAGE.c.usage_id == id))
    return None if row is None else _node("usage", id, usage_document(row))


async def read_document(view: View, read_id: str) -> dict[str, Any] | None:
    """Return a read with its registers in kWh, its corrections and where it came from."""
    try:
        key = identity.natural_key(read_id)
    except Refused:
        return None
    table = store.READ.c
    rows = await view.all(
        select(store.READ, store.METER.c.registers, store.METER.c.numerator, store.METER.c.denominator)
        .join(store.METER, store.METER.c.meter_no == table.meter_no)
        .where(table.meter_no == key[0], table.read_at == key[1], table.source == key[2])
    )
    if not rows:
        return None
    faces = store.faces(rows[0])
    counts = {row.quantity: int(row._mapping["count"]) for row in rows}
    edits = await bulk.select_in(view, store.CORRECTION, {"read_id": [read_id]}, order_by=(store.CORRECTION.c.number,))
    return {
        "read_id": read_id,
        "meter_no": key[0],
        "read_at": key[1],
        "source": key[2],
        "unit": "kWh",
        "registers": {face.quantity: face.text(counts[face.quantity]) for face in faces},
        "reader": rows[0].reader,
        "upload_id": rows[0].upload_id,
        "corrections": [
            {
                "number": edit.number,
                "registers": {
                    face.quantity: face.text(count)
                    for face, count in zip(faces, codec.counts(edit.counts), strict=True)
                },
                "reason": edit.reason,
                "actor": edit.actor,
                "created_at": edit.created_at,
            }
            for edit in edits
        ],
        "derived_from": _origins("upload", [rows[0].upload_id]),
    }


async def _trace_read(view: View, id: str) -> TraceNode | None:
    document = await read_document(view, id)
    return None if document is None else _node("read", id, document)


async def _uploads(view: View, where: Any) -> list[dict[str, Any]]:
    rows = await view.all(select(store.UPLOAD).where(where).order_by(store.UPLOAD.c.cycle))
    return [dict(row._mapping) for row in rows]


async def _trace_upload(view: View, id: str) -> TraceNode | None:
    rows = await _uploads(view, store.UPLOAD.c.upload_id == id)
    if not rows:
        return None
    head = {name: rows[0][name] for name in ("kind", "uploader", "message_id", "received_at")}
    names = ("received", "accepted", "already_accepted", "conflicting", "refused")
    totals = {name: sum(row[name] for row in rows) for name in names}
    message_id = head["message_id"]
    origins = (Origin(SERVICE, "device_message", f"{id}~{message_id}"),) if message_id else ()
    return TraceNode(SERVICE, "upload", id, head | totals, origins)


async def _trace_message(view: View, id: str) -> TraceNode | None:
    upload_id, _, message_id = id.partition("~")
    rows = await _uploads(view, store.UPLOAD.c.upload_id == upload_id)
    if not rows or rows[0]["message_id"] != message_id:
        return None
    document = {"message_id": message_id, "sender": rows[0]["uploader"], "received_at": rows[0]["received_at"]}
    return TraceNode(SERVICE, "device_message", id, document)


async def org_unit_of_meter(view: View, meter_no: str) -> str | None:
    """Return where a meter belongs."""
    found: str | None = await view.scalar(select(store.METER.c.org_unit).where(store.METER.c.meter_no == meter_no))
    return found


async def gauges(view: View) -> dict[str, float]:
    """Return the service's gauges."""
    task = store.TASK.c
    unread = await view.scalar(select(func.count()).where(task.status.in_(("open", "suspect"))))
    return {"reading_tasks_open": float(unread)}
