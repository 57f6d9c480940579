"""Assignments, in and out: every function is one statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, or_, select, true

from services.reading.base import equals
from services.reading.readers import tables
from services.reading.readers.domain.assignments import Assignment
from services.reading.readers.store.duty import covers
from shared.db import bulk, locks
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ASSIGNMENT = tables.ASSIGNMENT
ASSIGNING: Final = 7_101_000
"""An advisory lock, before any row lock: two persons for one place are two rows, of which neither is there to be locked."""
_FIELDS: Final = ("kind", "of_no", "role", "subject", "org_unit", "assignment_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which assignments a list shows; `on`: those that hold on that day."""

    kind: str | None = None
    role: str | None = None
    of_no: str | None = None
    subject: str | None = None
    on: date | None = None


async def alone(tx: Tx) -> None:
    """Keep others from assigning to the end of the unit of work."""
    await locks.advisory(tx, ASSIGNING)


async def of_places(view: View, places: Iterable[tuple[str, str, str]]) -> dict[str, tuple[Assignment, int]]:
    """Return all assignments of places, with their versions, by id."""
    wanted = list(dict.fromkeys(places))
    keys = {"kind": [each[0] for each in wanted], "of_no": [each[1] for each in wanted]}
    rows = await bulk.select_in(view, ASSIGNMENT, keys | {"role": [each[2] for each in wanted]})
    return {row.assignment_id: (_assignment(row), row.version) for row in rows}


async def of_subjects(view: View, kind: str, subjects: Sequence[str]) -> list[Assignment]:
    """Return the assignments of a kind that persons have."""
    rows = await bulk.select_in(view, ASSIGNMENT, {"subject": subjects}, where=ASSIGNMENT.c.kind == kind)
    return [_assignment(row) for row in rows]


async def put(tx: Tx, given: Sequence[tuple[Assignment, int]]) -> set[str]:
    """Insert or replace assignments, each with its new version, and return the ids of those that were applied."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each, _ in given] for name in _FIELDS}
    columns |= {
        "from_day": [each.from_ for each, _ in given],
        "to_day": [each.to for each, _ in given],
        "version": [version for _, version in given],
    }
    applied = await bulk.upsert_newer(tx, ASSIGNMENT, columns, key=("kind", "of_no", "role", "from_day"))
    keys = {(row.kind, row.of_no, row.role, row.from_day) for row in applied}
    return {each.assignment_id for each, _ in given if (*each.place, each.from_) in keys}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of assignments, by place and day."""
    row, wanted = ASSIGNMENT.c, filters
    order = row.kind, row.of_no, row.role, row.from_day
    return await view.all(
        select(ASSIGNMENT)
        .where(visible(row.org_unit), after(*order))
        .where(equals(row.kind, wanted.kind), equals(row.role, wanted.role), equals(row.of_no, wanted.of_no))
        .where(true() if wanted.subject is None else or_(row.subject == wanted.subject, row.of_no == wanted.subject))
        .where(true() if wanted.on is None else covers(ASSIGNMENT, wanted.on))
        .order_by(*order)
        .limit(limit)
    )


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(
        kind=row.kind,
        of_no=row.of_no,
        role=row.role,
        from_=row.from_day,
        to=row.to_day,
        subject=row.subject,
        org_unit=row.org_unit,
    )
