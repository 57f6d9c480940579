"""Approvals as they are stored."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, FromClause, Row, Table, and_, select, update

from shared.db import bulk, platform
from shared.db.contents import Reader, of_tables
from shared.db.edges import By, Edge
from shared.db.engine import Tx, View
from shared.trace import TraceNode

PENDING: Final = "pending"
APPROVED: Final = "approved"
_TABLE: Final = platform.TABLES.approval
_TRACED: Final = (
    *("approval_id", "kind", "subject_id", "content_hash", "org_unit", "state"),
    *("requested_by", "requested_at", "decided_by", "decided_at"),
)


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


def contents(kind: str) -> Reader:
    """Return how the audit reads the approvals of a subject: without what is to be done, of which they have the hash."""
    return of_tables({_TABLE: "subject_id"}, where=_TABLE.c.kind == kind, without=("content",))


async def insert(tx: Tx, approvals: Sequence[Approval]) -> None:
    """Store what is asked for."""
    await bulk.insert_rows(
        tx,
        _TABLE,
        {
            "approval_id": [each.approval_id for each in approvals],
            "kind": [each.kind for each in approvals],
            "subject_id": [each.subject_id for each in approvals],
            "content": [orjson.dumps(each.content).decode() for each in approvals],
            "content_hash": [each.content_hash for each in approvals],
            "org_unit": [each.org_unit for each in approvals],
            "requested_by": [each.requested_by for each in approvals],
            "reason": [each.reason for each in approvals],
            "requested_at": [tx.now] * len(approvals),
            "state": [each.state for each in approvals],
        },
    )


async def waiting(tx: Tx, kind: str, subject_id: str) -> Approval | None:
    """Return what is asked for a subject and not decided yet."""
    return (await waiting_by_subject(tx, kind, [subject_id])).get(subject_id)


async def waiting_by_subject(
    tx: Tx, kind: str, subject_ids: Sequence[str], *, for_update: bool = False
) -> dict[str, Approval]:
    """Return by subject what is asked for and not decided yet; `for_update` locks it, in the order of the ids."""
    rows = await bulk.select_in(
        tx,
        _TABLE,
        {"subject_id": subject_ids},
        where=_is_waiting(kind),
        order_by=(_TABLE.c.approval_id,),
        for_update=for_update,
    )
    return {row.subject_id: _approval(row) for row in rows}


async def rejected(tx: Tx, kind: str, content_hashes: Sequence[str]) -> set[str]:
    """Return which contents of a kind somebody has rejected."""
    where = (_TABLE.c.kind == kind) & (_TABLE.c.state == "rejected")
    column = _TABLE.c.content_hash
    rows = await bulk.select_in(tx, _TABLE, {"content_hash": content_hashes}, columns=[column], where=where)
    return {row.content_hash for row in rows}


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


async def close_all(tx: Tx, approval_ids: Sequence[str], state: str) -> None:
    """Store that approvals need no decision any more."""
    count = len(approval_ids)
    columns: dict[str, list[Any]] = {
        "approval_id": list(approval_ids),
        "state": [state] * count,
        "decided_at": [tx.now] * count,
    }
    await bulk.update_from(tx, _TABLE, columns, key=("approval_id",))


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


async def of_subjects(view: View, kinds: Sequence[str], subject_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the approvals of these kinds for subjects, in the order in which they were asked for."""
    rows = await bulk.select_in(
        view,
        _TABLE,
        {"subject_id": subject_ids},
        where=_TABLE.c.kind.in_(kinds),
        order_by=(_TABLE.c.approval_id,),
    )
    return [dict(row._mapping) for row in rows]


KIND: Final = "approval"
"""Of a node of the trace."""


def tracer(service: str) -> Callable[[View, str], Awaitable[TraceNode | None]]:
    """Return what shows an approval in a trace: who asked and who decided, by the hash of what was asked for; no words."""

    async def traced(view: View, approval_id: str) -> TraceNode | None:
        row = await view.first(select(*(_TABLE.c[name] for name in _TRACED)).where(_TABLE.c.approval_id == approval_id))
        if row is None:
            return None
        document = {name: row._mapping[name] for name in _TRACED if name not in ("approval_id", "org_unit")}
        return TraceNode(service, KIND, approval_id, document, org_unit=row.org_unit)

    return traced


def edge(
    kind: str,
    *,
    service: str,
    source: FromClause,
    id: ColumnElement[Any],
    org_unit: ColumnElement[Any],
    kinds: Sequence[str],
    about: Callable[[Table], ColumnElement[bool]],
    by_id: By | None = None,
) -> Edge:
    """Return the edge from what was approved of some kinds to what was derived from it; `about`: how the two are joined."""
    joined = source.join(_TABLE, and_(_TABLE.c.kind.in_(kinds), _TABLE.c.state == APPROVED, about(_TABLE)))
    return Edge(
        kind=kind,
        service=service,
        origin_kind=KIND,
        id=id,
        origin_id=_TABLE.c.approval_id,
        org_unit=org_unit,
        source=joined,
        by_id=by_id,
    )


def _is_waiting(kind: str) -> ColumnElement[bool]:
    return (_TABLE.c.kind == kind) & (_TABLE.c.state == PENDING)


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
