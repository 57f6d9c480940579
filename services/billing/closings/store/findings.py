"""Findings about closings, in and out: every function is one statement, but for the writing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, func, or_, select, update

from services.billing.closings.domain.findings import GONE, OPEN, Finding
from services.billing.closings.tables import CLOSING_FINDING
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

_NAMES = tuple(each.name for each in fields(Finding))
_KEY = ("closing_no", "code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which findings a list shows; `late_on`: those alone that nobody had explained in time on that day."""

    state: str | None = None
    code: str | None = None
    account_no: str | None = None
    late_on: date | None = None


def of(row: Row[Any]) -> Finding:
    """Return a row as a value."""
    return Finding(**{name: row._mapping[name] for name in _NAMES})


async def about(view: View, closing_nos: Collection[str]) -> dict[str, dict[str, Finding]]:
    """Return the findings about closings by their code. The closings are locked."""
    found: dict[str, dict[str, Finding]] = {}
    for row in await bulk.select_in(view, CLOSING_FINDING, {"closing_no": sorted(closing_nos)}):
        found.setdefault(row.closing_no, {})[row.code] = of(row)
    return found


async def write(tx: Tx, findings: Sequence[Finding]) -> None:
    """Write findings, new ones and others (two statements). The closings are locked."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in findings] for name in _NAMES}
    await bulk.insert_ignore(tx, CLOSING_FINDING, columns, key=_KEY)
    await bulk.update_from(tx, CLOSING_FINDING, columns, key=_KEY)


async def withdraw(tx: Tx, closing_nos: Sequence[str]) -> None:
    """Let the findings about closings be gone that are withdrawn."""
    f = CLOSING_FINDING.c
    await tx.execute(update(CLOSING_FINDING).where(f.closing_no.in_(closing_nos), f.state != GONE).values(state=GONE))


async def page(view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters) -> Sequence[Row[Any]]:
    """List findings by closing and code."""
    f = CLOSING_FINDING.c
    where = [visible(f.org_unit), after(f.closing_no, f.code)]
    for column, value in ((f.state, filters.state), (f.code, filters.code), (f.account_no, filters.account_no)):
        where += [] if value is None else [column == value]
    if filters.late_on is not None:
        where.append(and_(f.state == OPEN, or_(f.due_on < filters.late_on, f.due_on.is_(None))))
    return await view.all(select(CLOSING_FINDING).where(*where).order_by(f.closing_no, f.code).limit(limit))


async def counts(view: View, on: date) -> tuple[int, int]:
    """Count the findings that nobody has explained, and those of them that were due before a day."""
    f = CLOSING_FINDING.c
    late = func.count().filter(or_(f.due_on < on, f.due_on.is_(None)))
    row = await view.first(select(func.count().label("n"), late.label("late")).where(f.state == OPEN))
    assert row is not None
    return int(row.n), int(row.late)
