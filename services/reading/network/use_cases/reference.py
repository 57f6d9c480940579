"""Routes, service points, meters and devices: idempotent puts by the utility's own numbers, one outcome per item."""

from collections.abc import Callable, Sequence

from sqlalchemy import Table

from services.reading.network.domain import registers
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import Register, Registers
from services.reading.network.store import codec, devices, installations, meters, points, reference, routes
from services.reading.network.store.reference import Row
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import Outcome

MaySee = Callable[[str], bool]


async def put(
    tx: Tx, table: Table, rows: Sequence[Row | Refused], *, kind: str, key: str, actor: str, may_see: MaySee
) -> list[Outcome]:
    """Insert or replace whole rows by their number. `done`, `already_done` (nothing changes) or `refused` per row.

    A row that is given as `Refused` was refused before. The org unit before and after must be one that the caller may see.
    Each change of a row raises its version by one.
    """
    given = [row for row in rows if not isinstance(row, Refused)]
    stored = await reference.stored(tx, table, key, [row[key] for row in given])
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
    overtaken = await reference.write(tx, table, key, changed)
    tx.audit([_audit(kind, row, key, actor) for number, row in changed.items() if number not in overtaken])
    return [
        Outcome("refused", "reading.changed_meanwhile", "somebody else put the same number", outcome.id)
        if outcome.id in overtaken
        else outcome
        for outcome in outcomes
    ]


def _audit(kind: str, row: Row, key: str, actor: str) -> AuditEntry:
    return AuditEntry(
        action=f"{kind}.put",
        entity_kind=kind,
        entity_id=row[key],
        actor=actor,
        before_version=row["version"] - 1 or None,
        after_version=row["version"],
    )


async def put_routes(tx: Tx, rows: Sequence[Row], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """Put routes with their read day."""
    return await put(tx, routes.ROUTE, rows, kind="route", key="route_no", actor=actor, may_see=may_see)


async def put_devices(tx: Tx, rows: Sequence[Row], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """Put devices and head-ends."""
    return await put(tx, devices.DEVICE, rows, kind="device", key="device_id", actor=actor, may_see=may_see)


async def put_points(tx: Tx, rows: Sequence[Row], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """Put service points; their route must be there. A point without an org unit has that of its route."""
    org_units = await routes.org_units(tx, [row["route_no"] for row in rows])
    checked: list[Row | Refused] = []
    for row in rows:
        if row["route_no"] not in org_units:
            checked.append(Refused("reading.unknown_route", "there is no such route"))
        else:
            checked.append(row | {"org_unit": row["org_unit"] or org_units[row["route_no"]]})
    return await put(
        tx, points.POINT, checked, kind="service_point", key="service_point_no", actor=actor, may_see=may_see
    )


def faces(given: Sequence[tuple[str, int, int]], numerator: int, denominator: int) -> Registers:
    """Return registers from (quantity, digits, scale); raises `Refused` (`reading.bad_register`)."""
    made = tuple(Register(quantity, digits, scale, numerator, denominator) for quantity, digits, scale in given)
    registers.check(made)
    return made


async def put_meters(tx: Tx, rows: Sequence[Row], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """Put meters: `registers` is a list of (quantity, digits, scale). Fixed once the meter has been installed."""
    numbers = [row["meter_no"] for row in rows]
    installed = await installations.installed(tx, numbers)
    stored = await meters.meters(tx, numbers)
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
    return await put(tx, meters.METER, checked, kind="meter", key="meter_no", actor=actor, may_see=may_see)
