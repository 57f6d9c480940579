"""Rows of the reading service, in and out, by the batch: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, Row, String, and_, func, or_, select, update

from services.reading.adapters import codec, tables
from services.reading.domain import cycles
from services.reading.domain.registers import Counts, Registers
from services.reading.domain.usage import Boundary, Installation
from shared import ids
from shared.db import bulk
from shared.db.engine import Tx, View

ROUTE = tables.Route.__table__  # type: ignore[attr-defined]
POINT = tables.ServicePoint.__table__  # type: ignore[attr-defined]
METER = tables.Meter.__table__  # type: ignore[attr-defined]
INSTALLATION = tables.Installation.__table__  # type: ignore[attr-defined]
TASK = tables.Task.__table__  # type: ignore[attr-defined]
UNREAD_REASON = tables.UnreadReason.__table__  # type: ignore[attr-defined]
READ = tables.Reading.__table__  # type: ignore[attr-defined]
CORRECTION = tables.Correction.__table__  # type: ignore[attr-defined]
USAGE = tables.Usage.__table__  # type: ignore[attr-defined]
FINDING = tables.Finding.__table__  # type: ignore[attr-defined]
UPLOAD = tables.Upload.__table__  # type: ignore[attr-defined]
ROUTE_CYCLE = tables.RouteCycle.__table__  # type: ignore[attr-defined]
REREAD = tables.Reread.__table__  # type: ignore[attr-defined]
CONTRACT = tables.Contract.__table__  # type: ignore[attr-defined]
DEVICE = tables.Device.__table__  # type: ignore[attr-defined]
CURVE = tables.Curve.__table__  # type: ignore[attr-defined]

ReadKey = tuple[str, datetime, str]
"""Meter, instant, source: the natural key of a read, all registers of the meter together."""


@dataclass(slots=True)
class UsageRow:
    """One version of a usage, as its row."""

    service_point_no: str
    period_from: date
    period_to: date
    version: int
    org_unit: str
    route_no: str
    cycle: str
    quality: str
    energy: str
    import_wh: int
    closing_meter: str
    closing_counts: str
    closing_source: str
    closing_actors: str
    actors: str
    read_ids: str
    meter_nos: str
    findings: str
    estimate_reason: str | None
    estimates_in_a_row: int
    settles_estimate: int
    replaces_reason: str | None
    created_at: datetime
    usage_id: str

    @property
    def end(self) -> Boundary:
        """The registers from which the next period goes on."""
        known = self.quality != "estimated"
        return Boundary(self.period_to, self.closing_meter, codec.counts(self.closing_counts), known)

    @property
    def days(self) -> int:
        return (self.period_to - self.period_from).days

    @property
    def closing_read_id(self) -> str:
        """The read at the end of the period, empty for an estimate."""
        return self.read_ids.rpartition(" ")[2] if self.quality != "estimated" else ""


USAGE_COLUMNS = tuple(field.name for field in fields(UsageRow))
_USAGE_SELECT = [USAGE.c[name] for name in USAGE_COLUMNS]


def _usage(row: Row[Any]) -> UsageRow:
    return UsageRow(*tuple(row))


async def lock_points(tx: Tx, service_point_nos: Sequence[str]) -> None:
    """Lock the service points, in order of their numbers: who publishes under a key holds its row."""
    await bulk.lock(tx, POINT, {"service_point_no": sorted(set(service_point_nos))})


class Resolved(NamedTuple):
    """A meter on a local day: its registers, the point where it is (empty: nowhere), and the status of the day's task there."""

    meter_no: str
    day: date
    registers: str
    numerator: int
    denominator: int
    service_point_no: str
    org_unit: str
    route_no: str
    status: str | None


async def resolve(view: View, keys: Sequence[tuple[str, date]]) -> list[Resolved]:
    """Return meter, registers, point and task for pairs of meter and local day.

    The point is that where the meter is on that day; on the day of its removal still the old one.
    """
    given = bulk.relation(
        view, "given", {"meter_no": (String(), [k[0] for k in keys]), "day": (Date(), [k[1] for k in keys])}
    )
    there = and_(
        INSTALLATION.c.meter_no == given.c.meter_no,
        INSTALLATION.c.installed_on <= given.c.day,
        or_(INSTALLATION.c.removed_on.is_(None), INSTALLATION.c.removed_on >= given.c.day),
    )
    task = and_(TASK.c.service_point_no == INSTALLATION.c.service_point_no, TASK.c.read_date == given.c.day)
    statement = (
        select(
            given.c.meter_no,
            given.c.day,
            METER.c.registers,
            METER.c.numerator,
            METER.c.denominator,
            func.coalesce(INSTALLATION.c.service_point_no, ""),
            func.coalesce(POINT.c.org_unit, ""),
            func.coalesce(POINT.c.route_no, ""),
            TASK.c.status,
        )
        .select_from(given)
        .join(METER, METER.c.meter_no == given.c.meter_no)
        .outerjoin(INSTALLATION, there)
        .outerjoin(POINT, POINT.c.service_point_no == INSTALLATION.c.service_point_no)
        .outerjoin(TASK, task)
    )
    return list(map(Resolved._make, await view.all(statement)))


async def tasks(view: View, keys: Sequence[tuple[str, date]]) -> dict[tuple[str, date], Row[Any]]:
    """Return the tasks of pairs of point and read date, each with the id of the last usage that began before it."""
    previous = (
        select(USAGE.c.usage_id)
        .where(USAGE.c.service_point_no == TASK.c.service_point_no, USAGE.c.period_from < TASK.c.read_date)
        .order_by(USAGE.c.period_from.desc(), USAGE.c.version.desc())
        .limit(1)
        .correlate(TASK)
        .scalar_subquery()
    )
    rows = await bulk.select_in(
        view,
        TASK,
        {"service_point_no": [k[0] for k in keys], "read_date": [k[1] for k in keys]},
        columns=(*TASK.c, previous.label("previous_id")),
    )
    return {(row.service_point_no, row.read_date): row for row in rows}


async def usages(view: View, usage_ids: Sequence[str]) -> dict[str, UsageRow]:
    """Return usages by their ids."""
    rows = await bulk.select_in(view, USAGE, {"usage_id": usage_ids}, columns=_USAGE_SELECT)
    return {row.usage_id: _usage(row) for row in rows}


async def chains(view: View, service_point_nos: Sequence[str], since: date) -> dict[str, list[UsageRow]]:
    """Return the usages in force of points that end after a day, in order of their periods."""
    rows = await bulk.select_in(
        view,
        USAGE,
        {"service_point_no": service_point_nos},
        columns=_USAGE_SELECT,
        where=USAGE.c.period_to > since,
        order_by=(USAGE.c.service_point_no, USAGE.c.period_from, USAGE.c.version),
    )
    found: dict[str, list[UsageRow]] = {}
    for row in map(_usage, rows):
        chain = found.setdefault(row.service_point_no, [])
        if chain and chain[-1].period_from == row.period_from:
            chain[-1] = row  # a later version
        else:
            chain.append(row)
    return found


async def installations(view: View, service_point_nos: Sequence[str]) -> dict[str, list[Installation]]:
    """Return the meters of points, past and present."""
    given = bulk.relation_for(view, POINT, {"service_point_no": list(service_point_nos)})
    rows = await view.all(
        select(INSTALLATION, METER.c.registers, METER.c.numerator, METER.c.denominator)
        .join(given, given.c.service_point_no == INSTALLATION.c.service_point_no)
        .join(METER, METER.c.meter_no == INSTALLATION.c.meter_no)
    )
    found: dict[str, list[Installation]] = {}
    for row in rows:
        faces = codec.registers(row.registers, row.numerator, row.denominator)
        closing = None if row.closing is None else codec.counts(row.closing)
        found.setdefault(row.service_point_no, []).append(
            Installation(row.meter_no, row.installed_on, row.removed_on, faces, codec.counts(row.opening), closing)
        )
    return found


async def insert_usages(tx: Tx, rows: Sequence[UsageRow]) -> None:
    """Write usage versions; the natural key refuses a second one of a version."""
    values: dict[str, Sequence[Any]] = {name: [getattr(row, name) for row in rows] for name in USAGE_COLUMNS}
    await bulk.insert_rows(tx, USAGE, values | {"created_at": bulk.Same(tx.now, len(rows))})


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding and what it is about."""

    entity_kind: str
    entity_id: str
    code: str
    service_point_no: str
    org_unit: str
    cycle: str
    numbers: dict[str, int]


async def insert_findings(tx: Tx, found: Sequence[FindingRow]) -> None:
    """Write findings; one that is there already stays."""
    found = list({(f.entity_kind, f.entity_id, f.code): f for f in found}.values())
    await bulk.insert_ignore(
        tx,
        FINDING,
        {
            "finding_id": [ids.new() for _ in found],
            "entity_kind": [f.entity_kind for f in found],
            "entity_id": [f.entity_id for f in found],
            "code": [f.code for f in found],
            "service_point_no": [f.service_point_no for f in found],
            "org_unit": [f.org_unit for f in found],
            "cycle": [f.cycle for f in found],
            "numbers": [codec.json_text(f.numbers) for f in found],
            "created_at": [tx.now] * len(found),
        },
        key=("entity_kind", "entity_id", "code"),
    )


def faces(row: Row[Any] | Resolved) -> Registers:
    """Return the registers of a row that has a meter's three columns."""
    return codec.registers(row.registers, row.numerator, row.denominator)


def ordered(registers: Registers, values: dict[str, int]) -> Counts:
    """Return stored counts by quantity in the order of a meter's registers."""
    return tuple(values[register.quantity] for register in registers)


async def update_tasks(tx: Tx, tasks: Mapping[tuple[str, date], tuple[str, str | None, int | None]]) -> None:
    """Set status, usage and import energy of version 1, by point and read date."""
    await bulk.update_from(
        tx,
        TASK,
        {
            "service_point_no": [key[0] for key in tasks],
            "read_date": [key[1] for key in tasks],
            "status": [task[0] for task in tasks.values()],
            "usage_id": [task[1] for task in tasks.values()],
            "import_wh": [task[2] for task in tasks.values()],
        },
        key=("service_point_no", "read_date"),
    )


async def answer_rereads(tx: Tx, answered: Mapping[tuple[str, date], str]) -> None:
    """Close the re-reads of tasks by the reads that answer them: two statements, none where there are none."""
    if not answered:
        return
    points, read_dates = [key[0] for key in answered], [key[1] for key in answered]
    done: dict[str, list[Any]] = {"service_point_no": points, "read_date": read_dates, "reread": [0] * len(answered)}
    await bulk.update_from(tx, TASK, done, key=("service_point_no", "read_date"))
    given = bulk.relation(
        tx,
        "given",
        {
            "service_point_no": (String(), points),
            "cycle": (String(), [cycles.label(day) for day in read_dates]),
            "answered_by": (String(), list(answered.values())),
        },
    )
    await tx.execute(
        update(REREAD)
        .values(status="answered", answered_by=given.c.answered_by)
        .where(
            REREAD.c.service_point_no == given.c.service_point_no,
            REREAD.c.cycle == given.c.cycle,
            REREAD.c.status == "open",
        )
    )
