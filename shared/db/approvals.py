"""Approvals as they are stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, select, update

from shared.db import bulk, platform
from shared.db.engine import Tx, View

WHOLE_UTILITY: Final = "*"
"""The org unit of what is nobody's alone."""
PENDING: Final = "pending"
_TABLE: Final = platform.TABLES.approval


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What is asked for, by whom and why. `content`: all that its kind needs to carry it out, without personal data."""

    approval_id: str
    kind: str
    subject_id: str
    content: Mapping[str, Any]
    content_hash: str
    org_unit: str
    requested_by: str
    reason: str
    state: str


async def insert(tx: Tx, approval: Approval) -> None:
    """Store what is asked for."""
    await bulk.insert_rows(
        tx,
        _TABLE,
        {
            "approval_id": [approval.approval_id],
            "kind": [approval.kind],
            "subject_id": [approval.subject_id],
            "content": [orjson.dumps(approval.content).decode()],
            "content_hash": [approval.content_hash],
            "org_unit": [approval.org_unit],
            "requested_by": [approval.requested_by],
            "reason": [approval.reason],
            "requested_at": [tx.now],
            "state": [approval.state],
        },
    )


async def waiting(tx: Tx, kind: str, subject_id: str) -> Approval | None:
    """Return what is asked for a subject and not decided yet."""
    row = await tx.first(select(_TABLE).where(_is_waiting(kind, subject_id)))
    return None if row is None else _approval(row)


async def locked(tx: Tx, approval_id: str) -> Approval | None:
    """Return an approval; nobody else decides on it until this unit of work ends."""
    row = await tx.first(select(_TABLE).where(_TABLE.c.approval_id == approval_id).with_for_update())
    return None if row is None else _approval(row)


async def close(
    tx: Tx, approval_id: str, state: str, *, decided_by: str | None = None, explanation: str | None = None
) -> None:
    """Store what became of an approval."""
    values = {"state": state, "decided_by": decided_by, "explanation": explanation, "decided_at": tx.now}
    await tx.execute(update(_TABLE).where(_TABLE.c.approval_id == approval_id).values(values))


async def page(
    view: View,
    *,
    state: str | None,
    kind: str | None,
    visible: Callable[[ColumnElement[Any]], ColumnElement[bool]],
    after: Callable[[ColumnElement[Any]], ColumnElement[bool]],
    limit: int,
) -> list[dict[str, Any]]:
    """Return approvals in the order in which they were asked for; what is of the whole utility is seen by who speaks for it."""
    where = [visible(_TABLE.c.org_unit), after(_TABLE.c.approval_id)]
    where += [_TABLE.c.state == state] if state else []
    where += [_TABLE.c.kind == kind] if kind else []
    rows = await view.all(select(_TABLE).where(*where).order_by(_TABLE.c.approval_id).limit(limit))
    return [dict(row._mapping) | {"content": orjson.loads(row.content)} for row in rows]


def _is_waiting(kind: str, subject_id: str) -> ColumnElement[bool]:
    return (_TABLE.c.kind == kind) & (_TABLE.c.subject_id == subject_id) & (_TABLE.c.state == PENDING)


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        approval_id=row.approval_id,
        kind=row.kind,
        subject_id=row.subject_id,
        content=orjson.loads(row.content),
        content_hash=row.content_hash,
        org_unit=row.org_unit,
        requested_by=row.requested_by,
        reason=row.reason,
        state=row.state,
    )
