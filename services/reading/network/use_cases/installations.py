"""Meters put on service points and taken off: a meter exchange (换表) is a removal and an installation, in one batch."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar, changes, registers
from services.reading.network.domain.changes import Change
from services.reading.network.domain.installations import Placement
from services.reading.network.domain.reference import Meter, ServicePoint
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT
from services.reading.network.store import installations, meters, points
from services.reading.network.store.installations import INSTALLED, REMOVED, Stored, Version
from services.reading.network.use_cases.reference import MaySee
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

Unfit = Callable[[Tx, Sequence[tuple[str, date, date | None]]], Awaitable[Mapping[tuple[str, date], Refused]]]
"""Returns what speaks against meters over [installed_on, removed_on), by meter and first day."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A meter on a point over [installed_on, removed_on), with what its registers showed at both ends."""

    service_point_no: str
    meter_no: str
    installed_on: date
    removed_on: date | None
    unit: str
    opening: Mapping[str, str]
    closing: Mapping[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """An outcome for each item, and what changed of meters."""

    outcomes: list[Outcome]
    changes: list[Change]


async def put(tx: Tx, given: Sequence[Given], *, actor: str, may_see: MaySee, zone: ZoneInfo, unfit: Unfit) -> Put:
    """Install and remove meters, in the order given; at most 1,000.

    Natural key (meter, day of installation). An installation has the registers and the multiplier that its meter was last put
    with, and keeps them. The only change of what is there is its removal, once; anything else is a `conflicting_duplicate`;
    one that was annulled is made anew. A point has one meter at a time, and a meter one point (`reading.installation_overlap`).
    A meter that is `unfit` is not installed.
    """
    service_point_nos = [each.service_point_no for each in given]
    meter_nos = [each.meter_no for each in given]
    known_points = await points.lock(tx, service_point_nos)
    known_meters = {no: meter for no, (meter, _) in (await meters.stored(tx, meter_nos)).items()}
    stored = await installations.of_points_and_meters(tx, service_point_nos, meter_nos)
    there = {key: each.placement for key, each in stored.items() if not each.annulled}
    tomorrow = calendar.last_day(tx.now, zone)
    before = changes.by_meter(there)
    new = [each for each in given if (each.meter_no, each.installed_on) not in there]
    faults = await unfit(tx, [(each.meter_no, each.installed_on, each.removed_on) for each in new])
    outcomes = []
    for each in given:
        try:
            check_past(each.removed_on or each.installed_on, tomorrow)
            point, meter = known_points.get(each.service_point_no), known_meters.get(each.meter_no)
            outcomes.append(_put_one(there, each, point, meter, may_see, faults))
        except Refused as fault:
            outcomes.append(refused(fault.code, fault.text))
    await _write(tx, stored, there, actor)
    after = changes.by_meter(there)
    return Put(
        outcomes=outcomes, changes=[change_of(known_meters[no], before, after) for no in after if no in known_meters]
    )


def change_of(
    meter: Meter, before: Mapping[str, Sequence[Placement]], after: Mapping[str, Sequence[Placement]]
) -> Change:
    """Return what changed of a meter, of all installations by their meters."""
    own = meter.registers()
    return Change(
        meter_no=meter.meter_no,
        before=before.get(meter.meter_no, ()),
        after=after.get(meter.meter_no, ()),
        own_before=own,
        own_after=own,
    )


def _put_one(
    there: dict[tuple[str, date], Placement],
    each: Given,
    point: ServicePoint | None,
    meter: Meter | None,
    may_see: MaySee,
    faults: Mapping[tuple[str, date], Refused],
) -> Outcome:
    installation_id = f"{each.meter_no}~{each.installed_on}"
    old = there.get((each.meter_no, each.installed_on))
    wanted = _checked(each, point, meter, old, may_see)
    if old == wanted:
        return Outcome("already_done", id=installation_id)
    if old is not None and (
        old.removed_on is not None or old != replace(wanted, removed_on=None, closing=None) or wanted.removed_on is None
    ):
        return Outcome(
            "conflicting_duplicate", "reading.installation_fixed", "it is there with other content", installation_id
        )
    check_alone(wanted, [other for other in there.values() if other.key != wanted.key])
    if old is None and wanted.key in faults:
        raise faults[wanted.key]
    there[wanted.key] = wanted
    return Outcome("done", id=installation_id)


def _checked(
    each: Given, point: ServicePoint | None, meter: Meter | None, old: Placement | None, may_see: MaySee
) -> Placement:
    if point is None:
        raise Refused("reading.unknown_service_point", "there is no such service point")
    if meter is None:
        raise Refused("reading.unknown_meter", "there is no such meter")
    if not may_see(point.org_unit) or not may_see(meter.org_unit):
        raise Refused(OTHER_ORG_UNIT)
    if each.unit != UNIT:
        raise Refused("reading.wrong_unit", "register values are in kWh")
    if (each.removed_on is None) != (each.closing is None):
        raise Refused("reading.missing_closing", "a removal has its day and its closing registers")
    check_days(each.installed_on, each.removed_on)
    faces = old.registers if old else meter.registers()
    return Placement(
        service_point_no=each.service_point_no,
        meter_no=each.meter_no,
        installed_on=each.installed_on,
        removed_on=each.removed_on,
        registers=faces,
        opening=registers.counts(faces, each.opening),
        closing=None if each.closing is None else registers.counts(faces, each.closing),
    )


def check_past(day: date, tomorrow: date) -> None:
    """Refuse a day whose registers nobody can have read yet (`reading.in_the_future`)."""
    if day > tomorrow:  # taken off today, it is not there from tomorrow on
        raise Refused("reading.in_the_future", "what a register showed has been read by today")


def check_days(installed_on: date, removed_on: date | None) -> None:
    """Refuse days on which no meter can stand (`reading.bad_period`)."""
    if removed_on is not None and removed_on <= installed_on:
        raise Refused("reading.bad_period", "a meter is removed after the day of its installation")


def check_alone(wanted: Placement, others: Iterable[Placement]) -> None:
    """Refuse two meters on a point, and a meter on two points, on one day (`reading.installation_overlap`)."""
    for other in others:
        same = other.service_point_no == wanted.service_point_no or other.meter_no == wanted.meter_no
        if same and other.overlaps(wanted):
            raise Refused("reading.installation_overlap", "a point has one meter at a time, and a meter one point")


async def _write(
    tx: Tx, stored: Mapping[tuple[str, date], Stored], after: Mapping[tuple[str, date], Placement], actor: str
) -> None:
    versions = []
    for key, placement in after.items():
        old = stored.get(key)
        if old is None or old.annulled:
            versions.append(Version(placement=placement, version=old.version + 1 if old else 1, kind=INSTALLED))
        elif placement != old.placement:
            versions.append(Version(placement=placement, version=old.version + 1, kind=REMOVED))
    await installations.write(tx, versions, actor=actor)
    tx.audit([_audit(each, actor) for each in versions])


def _audit(version: Version, actor: str) -> AuditEntry:
    return AuditEntry(
        action=f"meter.{version.kind}",
        entity_kind="service_point",
        entity_id=version.placement.service_point_no,
        actor=actor,
    )
