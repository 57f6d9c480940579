"""Routes, service points, meters and devices: idempotent puts by the utility's own numbers, one outcome per item."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table

from services.reading.adapters import codec, store
from services.reading.domain import registers
from services.reading.domain.refusal import Refused
from services.reading.domain.registers import Register, Registers
from shared.db import bulk
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import Outcome

Row = dict[str, Any]
MaySee = Callable[[str], bool]


async def put(
    tx: Tx, table: Table, rows: Sequence[Row | Refused], *, kind: str, key: str, actor: str, may_see: MaySee
) -> list[Outcome]:
    """Insert or replace whole rows by their number. `done`, `already_done` (nothing changes) or `refused` per row.

    A row that is given as `Refused` was refused before. The org unit before and after must be one that the caller may see.
    Each change of a row raises its version by one.
    """
    given = [row for row in rows if not isinstance(row, Refused)]
    stored = await _stored(tx, table, key, [row[key] for row in given])
    outcomes: list[Outcome] = []
    changed: dict[str, Row] = {}
    seen: set[str] = set()
    for row in rows:
        if isinstance(row, Refused):
            outcomes.append(Outcome("refused", row.code, row.text))
            continue
        number = row[key]
        old = stored.get(number)
        version = old["version"] if old else 0
        if number in seen:
            outcomes.append(Outcome("refused", "reading.repeated_key", "the same number is given twice", number))
        elif not may_see(row["org_unit"]) or (old and not may_see(old["org_unit"])):
            outcomes.append(Outcome("refused", "reading.other_org_unit", "outside the caller's org units", number))
        elif old == row | {"version": version}:
            outcomes.append(Outcome("already_done", id=number))
        else:
            changed[number] = row | {"version": version + 1}
            outcomes.append(Outcome("done", id=number))
        seen.add(number)
    overtaken = await _write(tx, table, key, changed)
    tx.audit([_audit(kind, row, key, actor) for number, row in changed.items() if number not in overtaken])
    return [
        Outcome("refused", "reading.changed_meanwhile", "somebody else put the same number", outcome.id)
        if outcome.id in overtaken
        else outcome
        for outcome in outcomes
    ]


async def _stored(tx: Tx, table: Table, key: str, numbers: Sequence[str]) -> dict[str, Row]:
    """Return the rows as they are, locked in the order of their numbers until the end of the unit of work."""
    rows = await bulk.select_in(
        tx, table, {key: numbers}, order_by=(table.c[key],), for_update=tx.dialect == "postgresql"
    )
    return {row._mapping[key]: dict(row._mapping) for row in rows}


async def _write(tx: Tx, table: Table, key: str, changed: Mapping[str, Row]) -> set[str]:
    """Write the rows, and return the numbers that somebody else made since they were looked for."""
    new = [row for row in changed.values() if row["version"] == 1]
    inserted = await bulk.insert_ignore(tx, table, _columns(table, new), key=(key,))
    await bulk.update_from(
        tx, table, _columns(table, [row for row in changed.values() if row["version"] > 1]), key=(key,)
    )
    return {row[key] for row in new} - {row._mapping[key] for row in inserted}


def _audit(kind: str, row: Row, key: str, actor: str) -> AuditEntry:
    return AuditEntry(
        action=f"{kind}.put",
        entity_kind=kind,
        entity_id=row[key],
        actor=actor,
        before_version=row["version"] - 1 or None,
        after_version=row["version"],
    )


def _columns(table: Table, rows: Sequence[Row]) -> Mapping[str, Sequence[Any]]:
    return {column.name: [row[column.name] for row in rows] for column in table.c}


async def put_points(tx: Tx, rows: Sequence[Row], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """Put service points; their route must be there. A point without an org unit has that of its route."""
    found = await bulk.select_in(tx, store.ROUTE, {"route_no": [row["route_no"] for row in rows]})
    routes = {row.route_no: row.org_unit for row in found}
    checked: list[Row | Refused] = []
    for row in rows:
        if row["route_no"] not in routes:
            checked.append(Refused("reading.unknown_route", "there is no such route"))
        else:
            checked.append(row | {"org_unit": row["org_unit"] or routes[row["route_no"]]})
    return await put(
        tx, store.POINT, checked, kind="service_point", key="service_point_no", actor=actor, may_see=may_see
    )


def faces(given: Sequence[tuple[str, int, int]], numerator: int, denominator: int) -> Registers:
    """Return registers from (quantity, digits, scale); raises `Refused` (`reading.bad_register`)."""
    made = tuple(Register(quantity, digits, scale, numerator, denominator) for quantity, digits, scale in given)
    registers.check(made)
    return made


async def put_meters(tx: Tx, rows: Sequence[Row], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """Put meters: `registers` is a list of (quantity, digits, scale). Fixed once the meter has been installed."""
    numbers = [row["meter_no"] for row in rows]
    installed = {
        row.meter_no
        for row in await bulk.select_in(
            tx, store.INSTALLATION, {"meter_no": numbers}, columns=(store.INSTALLATION.c.meter_no,)
        )
    }
    stored = {row.meter_no: row for row in await bulk.select_in(tx, store.METER, {"meter_no": numbers})}
    checked: list[Row | Refused] = []
    for row in rows:
        try:
            made = faces(row["registers"], row["numerator"], row["denominator"])
        except Refused as refused:
            checked.append(refused)
            continue
        text = codec.registers_text(made)
        old = stored.get(row["meter_no"])
        same = old is not None and (old.registers, old.numerator, old.denominator) == (
            text,
            row["numerator"],
            row["denominator"],
        )
        if row["meter_no"] in installed and not same:
            checked.append(Refused("reading.meter_fixed", "registers and multiplier of an installed meter are fixed"))
        else:
            checked.append(row | {"registers": text})
    return await put(tx, store.METER, checked, kind="meter", key="meter_no", actor=actor, may_see=may_see)
