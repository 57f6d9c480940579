"""Disputes, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, true, update

from services.reading.base import below, equals
from services.reading.disputes import tables
from services.reading.disputes.domain import ENDED, Dispute, Opened, Test
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.billing import AdjustmentIssued

DISPUTE, METER_TEST, ADJUSTED = tables.DISPUTE, tables.METER_TEST, tables.DISPUTE_ADJUSTMENT
VERSIONS: Final = (DISPUTE.c.version,)
"""What is raised in a database that was restored: the disputes, with their holds, that others have heard of."""
_OPENED = tuple(each.name for each in fields(Opened))
_STANDS = tuple(each.name for each in fields(Dispute) if each.name != "opened")
_TEST = tuple(each.name for each in fields(Test))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which disputes a list shows. `due_by`: whose step is due on that day or before; `lapsed_on`: open, and held no more."""

    state: str | None = None
    service_point_no: str | None = None
    org_unit: str | None = None
    due_by: date | None = None
    lapsed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The days of a month, and whose rows a caller sees; `org_unit`: with all below it."""

    visible: Condition
    org_unit: str | None
    first: date
    end: date

    def of(self, unit: ColumnElement[str], day: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """Return the conditions on rows of an org unit and a day."""
        return [self.visible(unit), below(unit, self.org_unit), day >= self.first, day < self.end]


async def insert_new(tx: Tx, disputes: Sequence[Dispute]) -> set[str]:
    """Write the disputes whose number is new, and return these numbers."""
    values = [_values(each) for each in disputes]
    columns: dict[str, list[Any]] = {name: [each[name] for each in values] for name in (*_OPENED, *_STANDS)}
    return {row.dispute_no for row in await bulk.insert_ignore(tx, DISPUTE, columns, key=("dispute_no",))}


async def by_no(view: View, dispute_nos: Sequence[str]) -> dict[str, Dispute]:
    """Return disputes by their numbers."""
    rows = await bulk.select_in(view, DISPUTE, {"dispute_no": dispute_nos})
    return {row.dispute_no: _dispute(row) for row in rows}


async def opened_on(view: View, day: date) -> list[Dispute]:
    """Return the disputes that were opened on a day."""
    return [_dispute(row) for row in await view.all(select(DISPUTE).where(DISPUTE.c.opened_on == day))]


async def unended_at(view: View, service_point_nos: Sequence[str]) -> dict[str, str]:
    """Return by point the number of the dispute that has not ended."""
    rows = await bulk.select_in(
        view,
        DISPUTE,
        {"service_point_no": service_point_nos},
        columns=[DISPUTE.c.service_point_no, DISPUTE.c.dispute_no],
        where=DISPUTE.c.state != ENDED,
    )
    return {row.service_point_no: row.dispute_no for row in rows}


async def at(view: View, service_point_nos: Sequence[str]) -> list[Dispute]:
    """Return all disputes of points."""
    return [_dispute(row) for row in await bulk.select_in(view, DISPUTE, {"service_point_no": service_point_nos})]


async def ended_with(view: View, first: date, end: date, outcomes: Sequence[str]) -> list[Dispute]:
    """Return the disputes that ended from a day on and before another with one of these outcomes."""
    c = DISPUTE.c
    mine = select(DISPUTE).where(c.ended_on >= first, c.ended_on < end, c.outcome.in_(outcomes)).order_by(c.dispute_no)
    return [_dispute(row) for row in await view.all(mine)]


async def lock(tx: Tx, dispute_nos: Sequence[str]) -> dict[str, Dispute]:
    """Return disputes by their numbers, locked to the end of the unit of work."""
    order_by = (DISPUTE.c.dispute_no,)
    rows = await bulk.select_in(tx, DISPUTE, {"dispute_no": dispute_nos}, order_by=order_by, for_update=True)
    return {row.dispute_no: _dispute(row) for row in rows}


async def write(tx: Tx, dispute: Dispute) -> None:
    """Store how a locked dispute stands now."""
    values = {name: getattr(dispute, name) for name in _STANDS}
    await tx.execute(update(DISPUTE).where(DISPUTE.c.dispute_no == dispute.dispute_no).values(values))


async def write_presence(tx: Tx, disputes: Sequence[Dispute]) -> None:
    """Store what customers have answered about the day of a joint re-read."""
    columns: dict[str, list[Any]] = {
        "dispute_no": [each.dispute_no for each in disputes],
        "presence": [each.presence for each in disputes],
    }
    await bulk.update_from(tx, DISPUTE, columns, key=("dispute_no",))


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of disputes, those opened first at first."""
    c = DISPUTE.c
    return await view.all(
        select(DISPUTE)
        .where(visible(c.org_unit), after(c.opened_on, c.dispute_no), below(c.org_unit, filters.org_unit))
        .where(equals(c.state, filters.state), equals(c.service_point_no, filters.service_point_no))
        .where(true() if filters.due_by is None else c.due_on <= filters.due_by)
        .where(true() if filters.lapsed_on is None else _lapsed(filters.lapsed_on))
        .order_by(c.opened_on, c.dispute_no)
        .limit(limit)
    )


def _lapsed(on: date) -> ColumnElement[bool]:
    return and_(DISPUTE.c.state != ENDED, DISPUTE.c.held_until < on)


async def first_due(view: View) -> date | None:
    """Return the earliest day by which a step of a dispute is to be done."""
    found: date | None = await view.scalar(select(func.min(DISPUTE.c.due_on)))
    return found


async def unended(view: View) -> int:
    """Count the disputes that have not ended."""
    return int(await view.scalar(select(func.count()).where(DISPUTE.c.state != ENDED)) or 0)


async def last_test(view: View, dispute_no: str) -> Test | None:
    """Return what the test of a disputed meter showed, as it was decided last."""
    t = METER_TEST.c
    row = await view.first(select(METER_TEST).where(t.dispute_no == dispute_no).order_by(t.version.desc()).limit(1))
    return None if row is None else _test(row)


async def insert_test(tx: Tx, test: Test) -> None:
    """Write what a test showed, by its version."""
    values = {METER_TEST.c["from" if name == "from_" else name]: getattr(test, name) for name in _TEST}
    values |= {METER_TEST.c.within_limits: int(test.within_limits), METER_TEST.c.decided_at: tx.now}
    await tx.execute(insert(METER_TEST).values(values))


async def insert_adjustments(tx: Tx, adjusted: Sequence[AdjustmentIssued]) -> None:
    """Keep what billing has adjusted for disputes; a document that is known changes nothing."""
    names = ("adjustment_id", "dispute_no", "org_unit", "issued_on", "energy_wh", "total_fen")
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in adjusted] for name in names}
    await bulk.insert_ignore(tx, ADJUSTED, columns, key=("adjustment_id",))


async def opened_in(view: View, scope: Scope) -> Sequence[Row[Any]]:
    """Count the disputes that were opened in a month, by org unit."""
    c = DISPUTE.c
    counts = select(c.org_unit, func.count().label("disputes")).where(*scope.of(c.org_unit, c.opened_on))
    return await view.all(counts.group_by(c.org_unit))


async def ended_in(view: View, scope: Scope) -> Sequence[Row[Any]]:
    """Count the disputes that ended in a month, by org unit, the step at which they did, and outcome."""
    c = DISPUTE.c
    by = (c.org_unit, c.ended_at, c.outcome)
    mine = select(*by, func.count().label("disputes")).where(*scope.of(c.org_unit, c.ended_on), c.state == ENDED)
    return await view.all(mine.group_by(*by).order_by(*by))


async def adjusted_in(view: View, scope: Scope) -> Sequence[Row[Any]]:
    """Count and sum what billing has adjusted in a month, by org unit."""
    c = ADJUSTED.c
    sums = (func.sum(c[name]).label(name) for name in ("energy_wh", "total_fen"))
    mine = select(c.org_unit, func.count().label("documents"), *sums).where(*scope.of(c.org_unit, c.issued_on))
    return await view.all(mine.group_by(c.org_unit))


def _values(dispute: Dispute) -> dict[str, Any]:
    opened = {name: getattr(dispute.opened, name) for name in _OPENED}
    opened["cycles"] = " ".join(dispute.opened.cycles)
    return opened | {name: getattr(dispute, name) for name in _STANDS}


def _dispute(row: Row[Any]) -> Dispute:
    stored = dict(row._mapping)
    opened = Opened(**{name: stored[name] for name in _OPENED} | {"cycles": tuple(row.cycles.split())})
    return Dispute(opened=opened, **{name: stored[name] for name in _STANDS})


def _test(row: Row[Any]) -> Test:
    stored = dict(row._mapping)
    values = {name: stored["from" if name == "from_" else name] for name in _TEST}
    return Test(**values | {"within_limits": bool(row.within_limits)})
