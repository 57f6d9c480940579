"""Corrections of reads: an edited value beside the read, or its annulment, and the next versions of the usages that change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.reading.network.domain import calendar, registers
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT, Counts, Shown, ordered
from services.reading.network.store import points
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import corrections, reads, waiting
from services.reading.reads.store.corrections import ANNULLED, EDITED, Edit
from services.reading.reads.store.meter_days import MeterDay, meter_days
from services.reading.reads.store.waiting import WaitingRead
from services.reading.usage.domain.ranking import SITE
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.deriving import Change, Derived
from services.reading.usage.use_cases.knowing import Loader
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import ALREADY_DONE, Outcome


class UnknownRead(BusinessError):
    status = 404
    code = "reading.unknown_read"
    title = "There is no such read"


class BadCorrection(BusinessError):
    status = 422
    code = "reading.bad_correction"
    title = "The corrected registers are not what this meter can show"


class ReaderMissing(BusinessError):
    status = 422
    code = "reading.reader_missing"
    title = "A correction of a read on site names who saw what the registers show"


class ReaderIsUploader(BusinessError):
    status = 403
    code = "reading.reader_is_uploader"
    title = "Who read a meter neither uploads nor corrects its read"


class FoundOn(BusinessError):
    status = 422
    code = "reading.wrong_found_on"
    title = "A read is found to be wrong after it was made, or corrected last, and not in the future"


class MakesSuspect(BusinessError):
    status = 409
    code = "reading.makes_suspect"
    title = "With this correction other registers would be suspect; it is done if it is confirmed"


@dataclass(frozen=True, kw_only=True)
class Correction:
    """The registers as they should have been read, all of them; `reason` is a code such as `misread`.

    `found_on`: the day on which it was found, where that was before today.

    `turns` by quantity, where somebody knows how often a face has passed its last number since the known register before.
    `reader`: who saw what they show, another person than `actor`; a read on site has one.
    """

    read_id: str
    registers: dict[str, str]
    unit: str
    reason: str
    reader: str | None
    actor: str
    turns: Mapping[str, int]
    confirmed: bool
    found_on: date | None


@dataclass(frozen=True, kw_only=True)
class Annulment:
    """That a read counts for nothing; `reason` is a code such as `wrong_meter`, `found_on` as of a correction."""

    read_id: str
    reason: str
    actor: str
    found_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A stored read, locked: its meter on its day, who read it, what was received, and its correction in force."""

    key: ReadKey
    reader: str | None
    meter: MeterDay
    received: Shown
    edit: Edit | None

    @property
    def counts(self) -> Shown:
        return self.edit.counts if self.edit else self.received

    @property
    def number(self) -> int:
        return self.edit.number if self.edit else 0

    @property
    def annulled(self) -> bool:
        return self.edit is not None and self.edit.annulled

    def says(self, counts: Counts, turns: Mapping[str, int]) -> bool:
        return not self.annulled and (self.counts, self.edit.turns if self.edit else {}) == (counts, turns)


MaySee = Callable[[str], bool]


async def correct(tx: Tx, correction: Correction, *, may_see: MaySee, days: ReadDays) -> Outcome:
    """Correct a read. The read stays as it was received; its correction with the highest number is in force.

    The usages that change get their next versions. A correction by which other registers become suspect is refused with their
    names unless it is `confirmed`. The values in force again are `already_done`. An annulment is taken back by it. Raises
    `ReaderMissing` and `ReaderIsUploader`: what was seen on site is entered by another person, here too.
    """
    target = await _find(tx, correction.read_id, may_see, days)
    _check_people(target, correction.reader, correction.actor)
    _check_found(target, correction.found_on, tx, days)
    if target.key.source == SITE and not correction.reader:
        raise ReaderMissing
    counts = _counts(target.meter, correction)
    if target.says(counts, correction.turns):
        return ALREADY_DONE
    edit = Edit(
        read_id=correction.read_id,
        number=target.number + 1,
        kind=EDITED,
        counts=counts,
        turns=correction.turns,
        confirmed=correction.confirmed,
        reason=correction.reason,
        reader=correction.reader,
        actor=correction.actor,
        created_at=tx.now,
        found_on=correction.found_on,
    )
    point = target.meter.service_point_no
    loader = Loader(days=days)
    before = await deriving.suspects(tx, [point], loader=loader) if point else set()
    await _write(tx, edit, "read.corrected")
    if point:
        derived = await _derive(tx, target, edit, loader)
        new = sorted(derived.suspects.keys() - before - {correction.read_id})
        if (new or correction.read_id in derived.suspects) and not correction.confirmed:
            raise MakesSuspect(", ".join(new or [correction.read_id]))
    else:
        await waiting.insert(tx, [WaitingRead(key=target.key, org_unit=target.meter.org_unit)])
    return Outcome("done", id=f"{edit.read_id}~{edit.number}")


async def annul(tx: Tx, annulment: Annulment, *, may_see: MaySee, days: ReadDays) -> Outcome:
    """Annul a read: it stays as it was received and counts for nothing. What is annulled already is `already_done`.

    Raises `ReaderIsUploader`: its reader does not take it out of the count alone.
    """
    target = await _find(tx, annulment.read_id, may_see, days)
    _check_people(target, None, annulment.actor)
    _check_found(target, annulment.found_on, tx, days)
    if target.annulled:
        return ALREADY_DONE
    edit = Edit(
        read_id=annulment.read_id,
        number=target.number + 1,
        kind=ANNULLED,
        counts=target.counts,
        reason=annulment.reason,
        actor=annulment.actor,
        created_at=tx.now,
        found_on=annulment.found_on,
    )
    await _write(tx, edit, "read.annulled")
    await waiting.delete(tx, [target.key])
    if target.meter.service_point_no:
        await _derive(tx, target, edit, Loader(days=days))
    return Outcome("done", id=f"{edit.read_id}~{edit.number}")


async def _find(tx: Tx, read_id: str, may_see: MaySee, days: ReadDays) -> _Target:
    try:
        key = identity.natural_key(read_id)
    except Refused as refused:
        raise UnknownRead(refused.text) from None
    meter_day = key.meter_no, days.of(key.read_at)
    meter = (await meter_days(tx, [meter_day])).get(meter_day)
    if meter is None or not may_see(meter.org_unit):
        raise UnknownRead
    if meter.service_point_no:
        await points.lock(tx, [meter.service_point_no])
    stored = (await reads.stored(tx, [key], for_update=True)).get(key)
    if stored is None:
        raise UnknownRead
    edit = (await corrections.in_force(tx, [read_id])).get(read_id)
    return _Target(
        key=key, reader=stored.reader, meter=meter, received=ordered(meter.registers, stored.counts), edit=edit
    )


def _check_people(target: _Target, reader: str | None, actor: str) -> None:
    if actor in (reader, target.reader):
        raise ReaderIsUploader


def _check_found(target: _Target, found_on: date | None, tx: Tx, days: ReadDays) -> None:
    """Refuse a day of finding that is to come, or that lies before what is in force was read, or corrected last."""
    since = target.edit.created_at if target.edit else target.key.read_at
    first, today = (calendar.local_day(at, days.zone) for at in (since, tx.now))
    if found_on and not first <= found_on <= today:
        raise FoundOn


def _counts(meter: MeterDay, correction: Correction) -> Counts:
    if correction.unit != UNIT:
        raise BadCorrection("reading.wrong_unit: register values are in kWh")
    if unknown := sorted(correction.turns.keys() - {face.quantity for face in meter.registers}):
        raise BadCorrection(f"reading.unknown_register: the meter has no register {unknown[0]}")
    try:
        return registers.counts(meter.registers, correction.registers)
    except Refused as refused:
        raise BadCorrection(f"{refused.code}: {refused.text}") from None


async def _derive(tx: Tx, target: _Target, edit: Edit, loader: Loader) -> Derived:
    tolerance = timedelta(days=loader.policy_on(target.meter.day).read_tolerance_days)
    touched = {target.meter.service_point_no: target.meter.day - tolerance}
    return await deriving.derive_again(tx, touched, loader=loader, change=Change(reason=edit.reason))


async def _write(tx: Tx, edit: Edit, action: str) -> None:
    await corrections.insert(tx, edit)
    entry = AuditEntry(
        action=action,
        entity_kind="read",
        entity_id=edit.read_id,
        actor=edit.actor,
        reason=edit.reason,
        before_version=edit.number - 1,
        after_version=edit.number,
    )
    tx.audit([entry])
