"""Findings of conduct, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import Row, func, select

from services.reading.base import below, equals
from services.reading.conduct import tables
from services.reading.conduct.domain.findings import OPEN, WITHDRAWN, Finding
from services.reading.conduct.domain.visits import POINT, Found
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

FINDING = tables.FINDING
_FOUND: Final = ("rule", "subject_kind", "subject", "reader")
_OWN: Final = (
    "finding_id",
    "route_no",
    "read_date",
    "cycle",
    "org_unit",
    "state",
    "version",
    "found_on",
    "decided_by",
    "explanation",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which findings a list shows."""

    rule: str | None = None
    cycle: str | None = None
    route_no: str | None = None
    reader: str | None = None
    subject: str | None = None
    state: str | None = None
    org_unit: str | None = None


async def of_route(tx: Tx, route_no: str, read_date: date) -> dict[str, Finding]:
    """Return the findings of a route on a read date, locked to the end of the unit of work."""
    keys: dict[str, list[Any]] = {"route_no": [route_no], "read_date": [read_date]}
    return _by_id(await bulk.select_in(tx, FINDING, keys, order_by=(FINDING.c.finding_id,), for_update=True))


async def lock(tx: Tx, finding_ids: Sequence[str]) -> dict[str, Finding]:
    """Return findings by their ids, locked to the end of the unit of work."""
    order = (FINDING.c.finding_id,)
    return _by_id(await bulk.select_in(tx, FINDING, {"finding_id": finding_ids}, order_by=order, for_update=True))


async def at(view: View, service_point_nos: Sequence[str]) -> list[tuple[str, date, date]]:
    """Return (point, read date, day on which it was found) of the findings of points that stand."""
    rows = await bulk.select_in(
        view,
        FINDING,
        {"subject": service_point_nos},
        columns=(FINDING.c.subject, FINDING.c.read_date, FINDING.c.found_on),
        where=(FINDING.c.subject_kind == POINT) & (FINDING.c.state != WITHDRAWN),
    )
    return [(row.subject, row.read_date, row.found_on) for row in rows]


async def put(tx: Tx, findings: Sequence[Finding]) -> None:
    """Insert findings, or replace those with a lower version."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in findings] for name in _OWN}
    columns |= {name: [getattr(each.found, name) for each in findings] for name in _FOUND}
    columns["numbers"] = [orjson.dumps(each.found.numbers, option=orjson.OPT_SORT_KEYS).decode() for each in findings]
    await bulk.upsert_newer(tx, FINDING, columns, key=("finding_id",))


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of findings, by read date and id."""
    row = FINDING.c
    return await view.all(
        select(FINDING)
        .where(visible(row.org_unit), below(row.org_unit, filters.org_unit), after(row.read_date, row.finding_id))
        .where(equals(row.rule, filters.rule), equals(row.cycle, filters.cycle), equals(row.state, filters.state))
        .where(equals(row.route_no, filters.route_no), equals(row.subject, filters.subject))
        .where(equals(row.reader, filters.reader))
        .order_by(row.read_date, row.finding_id)
        .limit(limit)
    )


async def undecided(view: View) -> int:
    """Count the findings that nobody has decided on."""
    return int(await view.scalar(select(func.count()).where(FINDING.c.state == OPEN)) or 0)


def document(row: Row[Any]) -> dict[str, Any]:
    """Return a finding as people and programs read it."""
    return dict(row._mapping) | {"numbers": orjson.loads(row.numbers)}


def _by_id(rows: Sequence[Row[Any]]) -> dict[str, Finding]:
    return {
        row.finding_id: Finding(
            found=Found(**{name: getattr(row, name) for name in _FOUND}, numbers=orjson.loads(row.numbers)),
            **{name: getattr(row, name) for name in _OWN if name != "finding_id"},
        )
        for row in rows
    }
