"""Installations that were entered wrongly: corrected or annulled, with a reason; what they were stays readable."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar, changes, registers
from services.reading.network.domain.changes import Change
from services.reading.network.domain.installations import Placement
from services.reading.network.domain.reference import Meter
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT, Counts, Face, Registers
from services.reading.network.store import installations, meters, points
from services.reading.network.store.installations import ANNULLED, CORRECTED, MOVED, Stored, Version
from services.reading.network.use_cases.installations import Unfit, change_of, check_alone, check_days, check_past
from services.reading.network.use_cases.reference import MaySee
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

OVERLAP = "reading.installation_overlap"
Standing = Mapping[tuple[str, date], Placement]
Suspects = Callable[[Tx, Sequence[str]], Awaitable[Collection[str]]]
"""Returns which registers of points contradict others as things stand."""


class UnknownInstallation(BusinessError):
    status = 404
    code = "reading.unknown_installation"
    title = "There is no such installation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What of an installation is to be otherwise; None: it is right as it stands. `never_removed` takes its removal back.

    `begins_on` is its right first day. `faces` are all its registers. `reason` is a code such as `mistyped`.
    """

    meter_no: str
    installed_on: date
    begins_on: date | None
    removed_on: date | None
    never_removed: bool
    unit: str | None
    opening: Mapping[str, str] | None
    closing: Mapping[str, str] | None
    faces: tuple[Face, ...] | None
    numerator: int | None
    denominator: int | None
    reason: str

    @property
    def key(self) -> tuple[str, date]:
        """The key under which the installation stands."""
        return self.meter_no, self.installed_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a correction or an annulment, and what changed by it. `suspects`: what contradicted others before it."""

    outcome: Outcome
    changes: list[Change]
    suspects: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An installation with all others of its meter and its point, both of which are locked."""

    meter: Meter
    stored: Mapping[tuple[str, date], Stored]
    may_be_seen: bool

    @property
    def standing(self) -> dict[tuple[str, date], Placement]:
        return {key: each.placement for key, each in self.stored.items() if not each.annulled}

    def change(self, before: Standing, after: Standing) -> Change:
        return change_of(self.meter, changes.by_meter(before), changes.by_meter(after))


async def correct(
    tx: Tx,
    correction: Correction,
    *,
    actor: str,
    may_see: MaySee,
    zone: ZoneInfo,
    suspects: Suspects,
    unfit: Unfit,
) -> Done:
    """Correct an installation. It gets its next version; under another first day it stands there, and is annulled here.

    What it is already is `already_done`. Refused with the codes of `installations.put`; raises `UnknownInstallation`.
    """
    found = await _find(tx, correction.key, may_see)
    if not found.may_be_seen:
        return Done(outcome=refused(OTHER_ORG_UNIT), changes=[])
    standing = found.standing
    old = standing.get(correction.key)
    if old is None and correction.begins_on is not None:  # it may have been moved by this very correction
        old = standing.get((correction.meter_no, correction.begins_on))
    if old is None:
        raise UnknownInstallation
    try:
        wanted = _corrected(old, correction)
        check_days(wanted.installed_on, wanted.removed_on)
        tomorrow = calendar.last_day(tx.now, zone)
        check_past(wanted.removed_on or wanted.installed_on, tomorrow)
        check_alone(wanted, [other for other in standing.values() if other.key != old.key])
        if _reaches_further(wanted, old):
            for fault in (await unfit(tx, [(wanted.meter_no, wanted.installed_on, wanted.removed_on)])).values():
                raise fault
    except Refused as fault:
        return Done(outcome=refused(fault.code, fault.text), changes=[])
    if wanted == old:
        return Done(outcome=Outcome("already_done", id=_id(old)), changes=[])
    if old.key != correction.key:
        raise UnknownInstallation  # it was moved, and is otherwise there: that one is to be corrected
    known = await suspects(tx, [old.service_point_no])
    versions = [_next(found.stored.get(wanted.key), wanted, CORRECTED, correction.reason)]
    if wanted.key != old.key:
        versions.append(_next(found.stored[old.key], old, MOVED, correction.reason))
    await _write(tx, versions, actor)
    after = {key: each for key, each in standing.items() if key != old.key} | {wanted.key: wanted}
    return Done(outcome=Outcome("done", id=_id(wanted)), changes=[found.change(standing, after)], suspects=known)


async def annul(tx: Tx, key: tuple[str, date], *, reason: str, actor: str, may_see: MaySee) -> Done:
    """Annul an installation that never was: it counts nowhere, until it is put again. One annulled already is `already_done`."""
    found = await _find(tx, key, may_see)
    if not found.may_be_seen:
        return Done(outcome=refused(OTHER_ORG_UNIT), changes=[])
    standing = found.standing
    old = standing.get(key)
    if old is None:
        return Done(outcome=Outcome("already_done", id=_id(found.stored[key].placement)), changes=[])
    await _write(tx, [_next(found.stored[key], old, ANNULLED, reason)], actor)
    after = {other: each for other, each in standing.items() if other != key}
    return Done(outcome=Outcome("done", id=_id(old)), changes=[found.change(standing, after)])


async def _find(tx: Tx, key: tuple[str, date], may_see: MaySee) -> _Found:
    there = (await installations.of_points_and_meters(tx, [], [key[0]])).get(key)
    if there is None:
        raise UnknownInstallation
    point_no = there.placement.service_point_no
    point = (await points.lock(tx, [point_no]))[point_no]
    meter, _ = (await meters.stored(tx, [key[0]]))[key[0]]
    stored = await installations.of_points_and_meters(tx, [point_no], [key[0]])  # as it is now that both are locked
    return _Found(meter=meter, stored=stored, may_be_seen=may_see(point.org_unit) and may_see(meter.org_unit))


def _reaches_further(wanted: Placement, old: Placement) -> bool:
    """Return whether the meter would be in use on days on which it was not, or begin on another one."""
    longer = old.removed_on is not None and (wanted.removed_on is None or wanted.removed_on > old.removed_on)
    return longer or wanted.installed_on != old.installed_on


def _corrected(old: Placement, correction: Correction) -> Placement:
    if (correction.opening or correction.closing) and correction.unit != UNIT:
        raise Refused("reading.wrong_unit", "register values are in kWh")
    first = old.registers[0]
    own = registers.made(
        correction.faces or registers.faces(old.registers),
        correction.numerator or first.numerator,
        correction.denominator or first.denominator,
    )
    registers.check(own)
    removed_on = None if correction.never_removed else correction.removed_on or old.removed_on
    was = None if correction.never_removed else old.closing
    closing = _shown(old.registers, was, own, correction.closing)
    if (removed_on is None) != (closing is None):
        raise Refused("reading.missing_closing", "a removal has its day and its closing registers")
    opening = _shown(old.registers, old.opening, own, correction.opening)
    assert opening is not None
    return replace(
        old,
        installed_on=correction.begins_on or old.installed_on,
        removed_on=removed_on,
        registers=own,
        opening=opening,
        closing=closing,
    )


def _shown(old: Registers, counts: Counts | None, new: Registers, given: Mapping[str, str] | None) -> Counts | None:
    """Return the counts that are given, or else those that were there, as the new faces show them."""
    if given is not None:
        return registers.counts(new, given)
    if counts is None:
        return None
    found: list[int] = []
    for register, count in zip(new, registers.reread(old, counts, new), strict=True):
        if count is None:
            raise Refused("reading.missing_register", f"register {register.quantity} is missing")
        found.append(count)
    return tuple(found)


def _next(stored: Stored | None, placement: Placement, kind: str, reason: str) -> Version:
    return Version(placement=placement, version=stored.version + 1 if stored else 1, kind=kind, reason=reason)


async def _write(tx: Tx, versions: list[Version], actor: str) -> None:
    await installations.write(tx, versions, actor=actor)
    tx.audit(
        [
            AuditEntry(
                action=f"installation.{each.kind}",
                entity_kind="installation",
                entity_id=_id(each.placement),
                actor=actor,
                reason=each.reason,
                before_version=each.version - 1 or None,
                after_version=each.version,
            )
            for each in versions
        ]
    )


def _id(placement: Placement) -> str:
    return f"{placement.meter_no}~{placement.installed_on}"
