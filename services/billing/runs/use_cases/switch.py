"""The one switch that stops all releases."""

from services.billing.context import Context
from services.billing.runs import store
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.web import conditional


async def throw(tx: Tx, *, stopped: bool, reason: str, seen: int, actor: str, context: Context) -> int:
    """Stop or resume all releases, and return the switch's new version."""
    if not await store.throw_switch(tx, stopped=stopped, reason=reason, version=seen):
        raise conditional.Stale
    action = "release.stopped" if stopped else "release.resumed"
    tx.audit(
        [
            AuditEntry(
                action=action,
                entity_kind="release_switch",
                entity_id=store.SWITCH,
                actor=actor,
                reason=reason,
                before_version=seen,
                after_version=seen + 1,
            )
        ]
    )
    tx.after_commit(context.wake.set)
    return seen + 1
