"""Requests of billing's reviewers to read again."""

from collections.abc import Sequence

from services.reading.tasks.store import rereads, tasks
from shared.db.engine import Tx
from shared.events.billing import RereadRequested


async def request_rereads(tx: Tx, facts: Sequence[RereadRequested]) -> None:
    """Keep requests to read again, and let the next read of those tasks replace one of its own rank."""
    unique = list({fact.request_id: fact for fact in facts}.values())
    new = await rereads.insert(tx, unique)
    await tasks.mark_rereads(tx, sorted(set(new)))
