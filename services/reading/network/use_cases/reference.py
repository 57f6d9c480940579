"""Routes, service points, meters and devices: idempotent puts by the utility's own numbers, one outcome per item."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Protocol

from services.reading.network.domain import changes
from services.reading.network.domain.changes import Change
from services.reading.network.domain.reference import Device, Meter, ServicePoint
from services.reading.network.domain.refusal import Refused
from services.reading.network.store import devices, installations, meters, points, routes
from shared import batch_put
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.reading import ServicePointChanged
from shared.org_units import covers
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

MaySee = Callable[[str], bool]
POINTS_MAX = 1000  # of one unit of work
INSTALLED_UNCHANGED = "reading.installed_unchanged"


class UnknownRoute(BusinessError):
    status = 422
    code = "reading.unknown_route"
    title = "There is no such route"


class HasOrgUnit(Protocol):
    """What belongs to an org unit."""

    @property
    def org_unit(self) -> str: ...


def outside(item: HasOrgUnit, old: HasOrgUnit | None, *, number: str, may_see: MaySee) -> Outcome | None:
    """Return the refusal of an object whose org unit, before or after, is one that the caller may not see."""
    if may_see(item.org_unit) and (old is None or may_see(old.org_unit)):
        return None
    return refused(OTHER_ORG_UNIT, id=number)


async def put_devices(tx: Tx, wanted: Sequence[Device], *, actor: str, may_see: MaySee, today: date) -> list[Outcome]:
    """Put devices and head-ends; the meter that a device is must be there, of the device's org unit or below.

    From today on it is that of its meter, or none's where it is not active.
    """
    stored = await devices.stored(tx, [device.device_id for device in wanted])
    named = await meters.by_no(tx, sorted({device.meter_no for device in wanted if device.meter_no}))

    def refusal(device: Device, old: Device | None) -> Outcome | None:
        if fault := outside(device, old, number=device.device_id, may_see=may_see):
            return fault
        if device.meter_no is None or (old and (old.meter_no, old.org_unit) == (device.meter_no, device.org_unit)):
            return None
        if device.meter_no not in named:
            return refused("reading.unknown_meter", "there is no such meter", device.device_id)
        if not covers([device.org_unit], named[device.meter_no].org_unit):
            return refused(OTHER_ORG_UNIT, "The meter belongs to an org unit outside the device's", device.device_id)
        return None

    outcomes = await batch_put.put(
        tx,
        wanted,
        kind="device",
        number=lambda device: device.device_id,
        stored=stored,
        refusal=refusal,
        write=partial(devices.put, tx),
        actor=actor,
    )
    before = {device_id: _own_meter(device) for device_id, (device, _) in stored.items()}
    done = [device for device, outcome in zip(wanted, outcomes, strict=True) if outcome.status == "done"]
    other = {each.device_id: _own_meter(each) for each in done if _own_meter(each) != before.get(each.device_id)}
    await devices.note_meters(tx, other, on=today)
    return outcomes


def _own_meter(device: Device) -> str | None:
    return device.meter_no if device.active else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointGiven:
    """A service point as it is put: without an org unit it has that of its route."""

    service_point_no: str
    route_no: str
    org_unit: str | None
    connection_kw: int | None
    walk_order: int | None = None
    access_notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsPut:
    """An outcome for each service point, and what those were and are whose connection carries more or less than before."""

    outcomes: list[Outcome]
    limited: dict[str, tuple[ServicePoint, ServicePoint]]


async def put_points(tx: Tx, given: Sequence[PointGiven], *, actor: str, may_see: MaySee) -> PointsPut:
    """Put service points, and tell of those that changed; their route must be there, and no other bureau's."""
    there = await points.stored(tx, [each.service_point_no for each in given])
    org_units = await routes.org_units(tx, [each.route_no for each in given])
    wanted = [
        ServicePoint(
            service_point_no=each.service_point_no,
            route_no=each.route_no,
            org_unit=each.org_unit or org_units.get(each.route_no, ""),
            connection_kw=each.connection_kw,
            walk_order=each.walk_order,
            access_notes=each.access_notes,
        )
        for each in given
    ]

    def refusal(point: ServicePoint, old: ServicePoint | None) -> Outcome | None:
        if point.route_no not in org_units:
            return refused(UnknownRoute.code, UnknownRoute.title, id=point.service_point_no)
        if (old is None or old.route_no != point.route_no) and not may_see(org_units[point.route_no]):
            return refused(OTHER_ORG_UNIT, id=point.service_point_no)
        return outside(point, old, number=point.service_point_no, may_see=may_see)

    outcomes = await batch_put.put(
        tx,
        wanted,
        kind="service_point",
        number=lambda point: point.service_point_no,
        stored=there,
        refusal=refusal,
        write=partial(_write_points, tx),
        actor=actor,
    )
    return PointsPut(
        outcomes=outcomes,
        limited={
            point.service_point_no: (old, point)
            for point, outcome in zip(wanted, outcomes, strict=True)
            if outcome.status == "done" and point.service_point_no in there
            for old, _ in [there[point.service_point_no]]
            if point.connection_kw != old.connection_kw
        },
    )


async def _write_points(tx: Tx, changed: Sequence[tuple[ServicePoint, int]]) -> set[str]:
    applied = await points.put(tx, changed)
    await points.retell_daily(tx, service_point_nos=sorted(applied))
    tx.publish([_fact(point, version) for point, version in changed if point.service_point_no in applied])
    return applied


async def republish_points_after(tx: Tx, after: str) -> str | None:
    """Publish the state of the next service points behind a number, and return the last of them, None at the end."""
    numbers = await points.after(tx, after, POINTS_MAX)
    there = await points.stored(tx, numbers)
    tx.publish([_fact(*there[number]) for number in numbers])
    return numbers[-1] if numbers else None


def _fact(point: ServicePoint, version: int) -> ServicePointChanged:
    return ServicePointChanged(
        service_point_no=point.service_point_no,
        version=version,
        route_no=point.route_no,
        org_unit=point.org_unit,
        connection_kw=point.connection_kw,
    )


STATES: dict[str, Callable[[Tx, str], Awaitable[str | None]]] = {"service_point": republish_points_after}
"""Publishing the current state of reference entities again: `wattline republish reading --state service_point`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetersPut:
    """An outcome for each meter, and what changed of those that have other registers now."""

    outcomes: list[Outcome]
    changes: list[Change]


async def put_meters(tx: Tx, wanted: Sequence[Meter], *, actor: str, may_see: MaySee) -> MetersPut:
    """Put meters. Registers and multiplier hold for installations that are made afterwards.

    Those made before keep theirs: `done` with the code `reading.installed_unchanged` says that there are such.
    """
    numbers = [meter.meter_no for meter in wanted]
    there = await meters.stored(tx, numbers)
    stored = await installations.of_points_and_meters(tx, [], numbers)
    installed = changes.by_meter({key: each.placement for key, each in stored.items() if not each.annulled})

    def refusal(meter: Meter, old: Meter | None) -> Outcome | None:
        try:
            meter.registers()
        except Refused as fault:
            return refused(fault.code, fault.text, id=meter.meter_no)
        return outside(meter, old, number=meter.meter_no, may_see=may_see)

    outcomes = await batch_put.put(
        tx,
        wanted,
        kind="meter",
        number=lambda meter: meter.meter_no,
        stored=there,
        refusal=refusal,
        write=partial(meters.put, tx),
        actor=actor,
    )
    other = {
        meter.meter_no: meter
        for meter, outcome in zip(wanted, outcomes, strict=True)
        if outcome.status == "done" and meter.meter_no in there and not meter.measures_as(there[meter.meter_no][0])
    }
    return MetersPut(
        outcomes=[
            _keeping(outcome) if meter.meter_no in other and meter.meter_no in installed else outcome
            for meter, outcome in zip(wanted, outcomes, strict=True)
        ],
        changes=[
            Change(
                meter_no=meter.meter_no,
                before=installed.get(meter.meter_no, ()),
                after=installed.get(meter.meter_no, ()),
                own_before=there[meter.meter_no][0].registers(),
                own_after=meter.registers(),
            )
            for meter in other.values()
        ],
    )


def _keeping(outcome: Outcome) -> Outcome:
    message = "installations made before keep their registers and multiplier; they are corrected one by one"
    return replace(outcome, code=INSTALLED_UNCHANGED, message=message)
