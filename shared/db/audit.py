"""Audit rows: who did what to which object, why, with the version before and after, in the command's own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from shared import correlation
from shared.db import bulk, platform
from shared.db.connection import View, Write
from shared.db.contents import Change

_TABLE = platform.TABLES.audit_entry
_CONTENT = platform.TABLES.audit_content
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


async def append(tx: Write, entries: Sequence[AuditEntry], changes: Sequence[Change | None] = ()) -> None:
    """Write the entries, each with what it changed (`contents`), and with a pointer for the chain (`audit_chain`)."""
    if not entries:
        return
    count = len(entries)
    changed = list(changes) or [None] * count
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
            "content_hash": [each.hash if each else None for each in changed],
        },
        returning=("id", "content_hash"),
    )
    # the order in which rows come back is open: a change is found again by its hash, which no two share
    ids = {row.content_hash: row.id for row in rows}
    kept = {ids[each.hash]: each for each in changed if each}
    await bulk.insert_rows(
        tx,
        _CONTENT,
        {
            "entry_id": list(kept),
            "before": [each.before for each in kept.values()],
            "after": [each.after for each in kept.values()],
            "salt": [each.salt for each in kept.values()],
        },
    )
    await bulk.insert_rows(tx, _PENDING, {"id": [row.id for row in rows], "at": [tx.now] * count})


async def list_page(
    view: View, *, entity_kind: str, entity_id: str, after_id: int, limit: int
) -> list[dict[str, object]]:
    """Return the entries of one object in order, from the one after `after_id`."""
    rows = await view.all(
        select(_TABLE, _CONTENT.c.before, _CONTENT.c.after)
        .select_from(_TABLE.outerjoin(_CONTENT, _CONTENT.c.entry_id == _TABLE.c.id))
        .where(_TABLE.c.entity_kind == entity_kind, _TABLE.c.entity_id == entity_id, _TABLE.c.id > after_id)
        .order_by(_TABLE.c.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]
