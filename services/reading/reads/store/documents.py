"""A read as people and programs read it."""

from typing import Any

from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT, Registers, Shown, ordered
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import corrections, reads
from services.reading.reads.store.meter_days import meter_days
from shared.db.engine import View


async def read_document(view: View, read_id: str, days: ReadDays) -> dict[str, Any] | None:
    """Return a read with its registers as the meter's faces of its day show them, its corrections and where it came from."""
    try:
        key = identity.natural_key(read_id)
    except Refused:
        return None
    rows = await reads.registers_of(view, key)
    if not rows:
        return None
    meter_day = key.meter_no, days.of(key.read_at)
    registers = (await meter_days(view, [meter_day]))[meter_day].registers
    counts = {row.quantity: int(row._mapping["count"]) for row in rows}
    edits = await corrections.of_reads(view, [read_id])
    return {
        "read_id": read_id,
        "meter_no": key.meter_no,
        "read_at": key.read_at,
        "source": key.source,
        "unit": UNIT,
        "registers": _texts(registers, ordered(registers, counts)),
        "reader": rows[0].reader,
        "upload_id": rows[0].upload_id,
        "annulled": bool(edits) and edits[-1].annulled,
        "corrections": [
            {
                "number": edit.number,
                "kind": edit.kind,
                "registers": _texts(registers, edit.counts),
                "turns": edit.turns,
                "confirmed": edit.confirmed,
                "reason": edit.reason,
                "reader": edit.reader,
                "actor": edit.actor,
                "created_at": edit.created_at,
                "found_on": edit.found_on,
            }
            for edit in edits
        ],
        "derived_from": [
            {"service": "reading", "kind": "upload", "id": upload_id}
            for upload_id in dict.fromkeys(row.upload_id for row in rows)
        ],
    }


def _texts(registers: Registers, counts: Shown) -> dict[str, str]:
    return {face.quantity: face.text(count) for face, count in zip(registers, counts, strict=True) if count is not None}
