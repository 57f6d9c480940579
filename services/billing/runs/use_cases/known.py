"""What routes reported of closed runs and told since; and how a run moves on by it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.runs import domain, store
from services.billing.usages.domain import Totals
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View

SYSTEM = "system"


async def reports(view: View, rows: Sequence[Row[Any]]) -> dict[tuple[str, str], domain.Closed]:
    """Return what routes reported of closed runs, by (route, cycle)."""
    names = [(row.route_no, row.cycle) for row in rows]
    closings, told = await store.closings(view, names), await store.explanations(view, names)
    return {name: _closed(row, closings[name], told) for row, name in zip(rows, names, strict=True)}


def _closed(
    row: Row[Any], closings: Sequence[Row[Any]], told: Mapping[tuple[str, date], Sequence[Row[Any]]]
) -> domain.Closed:
    """Return what a route reported of a run, and told of its points since."""
    found = [
        domain.explained_by(
            each.unexplained,
            [(one.unexplained, one.explained_on) for one in told.get((each.route_no, each.read_date), ())],
        )
        for each in closings
    ]
    return domain.Closed(
        totals=Totals(row.usages, row.sum_wh),
        missed=sum(each.missed for each in closings),
        read_date=max(each.read_date for each in closings),
        closed_on=row.closed_on,
        unexplained=sum(count for count, _ in found),
        explained_on=max((day for _, day in found if day), default=None),
    )


def moved(row: Row[Any], status: str, *, actor: str = SYSTEM, reason: str = "") -> AuditEntry:
    """Return the audit row of a run that has moved to a status."""
    return AuditEntry(
        action="run." + status,
        entity_kind="run",
        entity_id=f"{row.route_no}:{row.cycle}",
        actor=actor,
        reason=reason or " > ".join([row.status, *domain.path(row.status, status)]),
        before_version=row.version,
        after_version=row.version + 1,
    )


def releasing(tx: Tx, row: Row[Any], issue_on: date, *, let_go_on: date) -> dict[str, Any]:
    """Return what a locked run is from now on that goes out on a day; `let_go_on`: the business date of that."""
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": domain.LIFE.move(row.status, "release"),
        "issue_on": issue_on,
        "let_go_on": let_go_on,
        "releasing_at": tx.now,
        "version": row.version + 1,
    }
