"""Audit rows: who did what to which object, why, with the version before and after, in the command's own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from shared import correlation
from shared.db import bulk, platform
from shared.db.connection import View, Write

_TABLE = platform.TABLES.audit_entry
_PENDING = platform.TABLES.audit_pending


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    action: str
    entity_kind: str
    entity_id: str
    actor: str
    reason: str = ""
    before_version: int | None = None
    after_version: int | None = None


async def append(tx: Write, entries: Sequence[AuditEntry]) -> None:
    """Write the entries, each with a pointer for the chain (`audit_chain`)."""
    if not entries:
        return
    count = len(entries)
    rows = await bulk.insert_rows(
        tx,
        _TABLE,
        {
            "at": [tx.now] * count,
            "actor": [e.actor for e in entries],
            "action": [e.action for e in entries],
            "entity_kind": [e.entity_kind for e in entries],
            "entity_id": [e.entity_id for e in entries],
            "reason": [e.reason for e in entries],
            "before_version": [e.before_version for e in entries],
            "after_version": [e.after_version for e in entries],
            "correlation_id": [correlation.current()] * count,
        },
        returning=("id",),
    )
    await bulk.insert_rows(tx, _PENDING, {"id": [row.id for row in rows], "at": [tx.now] * count})


async def list_page(
    view: View, *, entity_kind: str, entity_id: str, after_id: int, limit: int
) -> list[dict[str, object]]:
    """Return the entries of one object in order, from the one after `after_id`."""
    rows = await view.all(
        select(_TABLE)
        .where(_TABLE.c.entity_kind == entity_kind, _TABLE.c.entity_id == entity_id, _TABLE.c.id > after_id)
        .order_by(_TABLE.c.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]
