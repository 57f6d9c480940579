"""Where the trace of a bill reaches its tariff."""

import orjson

from services.billing.tariffs.store import documents
from services.billing.tariffs.store.documents import TARIFF
from shared.db.engine import View
from shared.trace import TraceNode


async def tariff_version(view: View, name: str) -> TraceNode | None:
    """Return a tariff version, `<id>@<version>`, with its document."""
    tariff_id, _, version = name.rpartition("@")
    row = await documents.get(view, TARIFF, tariff_id, version)
    if row is None:
        return None
    shown = {"content_hash": row.content_hash, "used": row.used, "document": orjson.loads(row.document)}
    return TraceNode("billing", "tariff_version", name, shown, org_unit=None)
