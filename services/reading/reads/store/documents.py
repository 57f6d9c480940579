"""A read as people and programs read it."""

from typing import Any

from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT
from services.reading.network.store.meters import faces
from services.reading.reads.domain import identity
from services.reading.reads.store import corrections, reads
from shared.db.engine import View


async def read_document(view: View, read_id: str) -> dict[str, Any] | None:
    """Return a read with its registers in kWh, its corrections and where it came from."""
    try:
        key = identity.natural_key(read_id)
    except Refused:
        return None
    rows = await reads.registers_of(view, key)
    if not rows:
        return None
    registers = faces(rows[0])
    counts = {row.quantity: int(row._mapping["count"]) for row in rows}
    edits = await corrections.of_read(view, read_id)
    return {
        "read_id": read_id,
        "meter_no": key.meter_no,
        "read_at": key.read_at,
        "source": key.source,
        "unit": UNIT,
        "registers": {face.quantity: face.text(counts[face.quantity]) for face in registers},
        "reader": rows[0].reader,
        "upload_id": rows[0].upload_id,
        "annulled": bool(edits) and edits[-1].annulled,
        "corrections": [
            {
                "number": edit.number,
                "kind": edit.kind,
                "registers": {
                    face.quantity: face.text(count) for face, count in zip(registers, edit.counts, strict=True)
                },
                "turns": edit.turns,
                "confirmed": edit.confirmed,
                "reason": edit.reason,
                "actor": edit.actor,
                "created_at": edit.created_at,
            }
            for edit in edits
        ],
        "derived_from": [{"service": "reading", "kind": "upload", "id": rows[0].upload_id}],
    }
