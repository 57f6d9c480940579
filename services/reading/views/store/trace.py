"""The trace from a usage back to the meter's message: each document names the ones it was derived from."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import select

from services.reading.network.store.meters import org_unit_of_meter
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store.documents import read_document
from services.reading.reads.tables import UPLOAD
from services.reading.usage.store import usages
from services.reading.views.store import trace_asked, trace_seen
from shared.db.engine import View
from shared.trace import Origin, TraceNode

SERVICE = "reading"


def _node(kind: str, id: str, document: dict[str, Any], org_unit: str) -> TraceNode:
    origins = tuple(Origin(**origin) for origin in document.pop("derived_from"))
    return TraceNode(SERVICE, kind, id, document, origins, org_unit)


async def _trace_usage(view: View, id: str) -> TraceNode | None:
    row = await usages.row(view, id)
    return None if row is None else _node("usage", id, usages.document(row), row.org_unit)


async def _trace_read(days: ReadDays, view: View, id: str) -> TraceNode | None:
    document = await read_document(view, id, days)
    org_unit = await org_unit_of_meter(view, document["meter_no"]) if document else None
    return None if document is None or org_unit is None else _node("read", id, document, org_unit)


async def _uploads(view: View, where: Any) -> list[dict[str, Any]]:
    rows = await view.all(select(UPLOAD).where(where).order_by(UPLOAD.c.cycle))
    return [dict(row._mapping) for row in rows]


async def _trace_upload(view: View, id: str) -> TraceNode | None:
    rows = await _uploads(view, UPLOAD.c.upload_id == id)
    if not rows:
        return None
    head = {name: rows[0][name] for name in ("kind", "uploader", "message_id", "received_at")}
    names = ("received", "accepted", "already_accepted", "conflicting", "refused", "waiting")
    totals = {name: sum(row[name] for row in rows) for name in names}
    message_id = head["message_id"]
    origins = (Origin(SERVICE, "device_message", f"{id}~{message_id}"),) if message_id else ()
    return TraceNode(SERVICE, "upload", id, head | totals, origins)


async def _trace_message(view: View, id: str) -> TraceNode | None:
    upload_id, _, message_id = id.partition("~")
    rows = await _uploads(view, UPLOAD.c.upload_id == upload_id)
    if not rows or rows[0]["message_id"] != message_id:
        return None
    document = {"message_id": message_id, "sender": rows[0]["uploader"], "received_at": rows[0]["received_at"]}
    return TraceNode(SERVICE, "device_message", id, document)


def tracers(days: ReadDays) -> Mapping[str, Callable[[View, str], Awaitable[TraceNode | None]]]:
    """Return what traces each kind of document."""
    return {
        "usage": _trace_usage,
        "read": partial(_trace_read, days),
        "upload": _trace_upload,
        "device_message": _trace_message,
        **trace_asked.TRACERS,
        **trace_seen.TRACERS,
    }
