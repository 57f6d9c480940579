"""What must not be cut: said by a person, with dates."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.collection.cuts import store
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class DatesReversed(BusinessError):
    status = 422
    code = "cut.dates_reversed"
    title = "The end does not lie after the beginning"


class BanUnknown(BusinessError):
    status = 404
    code = "cut_ban.unknown"
    title = "There is no such ban"


async def mark(tx: Tx, row: Mapping[str, Any], *, require: Callable[[str], None]) -> None:
    """Keep what a service point is marked as, in place of what it was. Raises DatesReversed.

    `require` refuses an org unit that is not the caller's: what one bureau protects no other one gives up.
    """
    if row["valid_to"] is not None and row["valid_to"] <= row["valid_from"]:
        raise DatesReversed
    old = await store.locked_mark(tx, row["service_point_no"], row["kind"])
    if old is not None:
        require(old.org_unit)
    await store.put_mark(tx, row)
    _audit(tx, "point.mark", "point_mark", row["service_point_no"], row["marked_by"], row["kind"])


async def ban(
    tx: Tx, *, org_unit: str, from_at: datetime, until: datetime, reason: str, explanation: str, actor: str
) -> dict[str, Any]:
    """Keep a time in which nothing is cut, and return it. Raises DatesReversed."""
    if until <= from_at:
        raise DatesReversed
    row: dict[str, Any] = {
        "ban_no": ids.new(),
        "org_unit": org_unit,
        "from_at": from_at,
        "until": until,
        "reason": reason,
        "explanation": explanation,
        "banned_by": actor,
    }
    await store.add_ban(tx, row)
    _audit(tx, "cut.ban", "cut_ban", row["ban_no"], actor, reason)
    return row


async def end_ban(tx: Tx, ban_no: str, *, actor: str, sees: Callable[[str], bool]) -> dict[str, Any]:
    """End a ban now, and return it. Raises BanUnknown."""
    row = await store.ban(tx, ban_no)
    if row is None or not sees(row.org_unit):
        raise BanUnknown
    if row.until <= tx.now:
        return dict(row._mapping)
    at = max(tx.now, row.from_at + timedelta(seconds=1))
    await store.end_ban(tx, ban_no, at)
    _audit(tx, "cut.ban_end", "cut_ban", ban_no, actor, row.reason)
    return {**row._mapping, "until": at}


def _audit(tx: Tx, action: str, kind: str, entity_id: str, actor: str, reason: str) -> None:
    tx.audit([AuditEntry(action=action, entity_kind=kind, entity_id=entity_id, actor=actor, reason=reason)])
