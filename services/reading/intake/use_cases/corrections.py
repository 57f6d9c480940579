"""Corrections of reads: an edited value beside the read, and the next versions of the usages that it changes."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.reading.network.domain import registers
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT, Counts, ordered
from services.reading.network.store import points
from services.reading.policies.domain import Policies
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import corrections, reads
from services.reading.reads.store.corrections import Edit
from services.reading.reads.store.meter_days import MeterDay, meter_days
from services.reading.tasks.store import tasks
from services.reading.usage.domain import ranking
from services.reading.usage.domain.versions import ClosingRead
from services.reading.usage.store import usages
from services.reading.usage.use_cases import measuring
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


class RunsBackwards(BusinessError):
    status = 409
    code = "reading.negative_usage"
    title = "With this correction a register would run backwards"


@dataclass(frozen=True, kw_only=True)
class Correction:
    """The registers as they should have been read, all of them; `reason` is a code such as `misread`."""

    read_id: str
    registers: dict[str, str]
    unit: str
    reason: str
    actor: str


async def correct(
    tx: Tx, correction: Correction, *, may_see: Callable[[str], bool], policies: Policies, zone: ZoneInfo
) -> Outcome:
    """Correct a read. The read stays as it was received; its correction with the highest number is in force.

    Where the read closes a period, the usages that change get their next versions; a correction by which a register would run
    backwards is refused as a whole. The values in force again are `already_done`.
    """
    meter, read_key, counts = await _check(tx, correction, may_see, ReadDays(policies, zone))
    await points.lock(tx, [meter.service_point_no])
    stored = (await reads.stored(tx, [read_key])).get(read_key)
    if stored is None:
        raise UnknownRead
    edit = (await corrections.in_force(tx, [correction.read_id])).get(correction.read_id)
    in_force = edit.counts if edit else ordered(meter.registers, stored.counts)
    if in_force == counts:
        return ALREADY_DONE
    number = edit.number + 1 if edit else 1
    await _insert(tx, correction, number, counts)
    if await _is_in_force(tx, meter, correction.read_id):
        uploaders = await reads.actors(tx, read_key)
        actors = tuple(dict.fromkeys((*uploaders, correction.actor)))
        read = ClosingRead(
            service_point_no=meter.service_point_no,
            read_date=meter.day,
            meter_no=meter.meter_no,
            counts=counts,
            source=ranking.EDITED,
            read_id=correction.read_id,
            actors=actors,
            reason=correction.reason,
        )
        if await measuring.apply(tx, [read], policies=policies) == ["backward"]:
            raise RunsBackwards
    return Outcome("done", id=f"{correction.read_id}~{number}")


async def _check(
    tx: Tx, correction: Correction, may_see: Callable[[str], bool], days: ReadDays
) -> tuple[MeterDay, ReadKey, Counts]:
    try:
        read_key = identity.natural_key(correction.read_id)
    except Refused as refused:
        raise UnknownRead(refused.text) from None
    key = read_key.meter_no, days.of(read_key.read_at)
    meter = (await meter_days(tx, [key])).get(key)
    if meter is None or not meter.service_point_no or not may_see(meter.org_unit):
        raise UnknownRead
    if correction.unit != UNIT:
        raise BadCorrection("reading.wrong_unit: register values are in kWh")
    try:
        counts = registers.counts(meter.registers, correction.registers)
    except Refused as refused:
        raise BadCorrection(f"{refused.code}: {refused.text}") from None
    return meter, read_key, counts


async def _is_in_force(tx: Tx, meter: MeterDay, read_id: str) -> bool:
    """Return whether the period of the read's day is closed by this read, by an estimate, or by nothing yet."""
    key = meter.service_point_no, meter.day
    task = (await tasks.by_key(tx, [key])).get(key)
    if task is None:
        return False
    if task.usage_id is None:
        return True
    usage = (await usages.by_id(tx, [task.usage_id]))[task.usage_id]
    return usage.closing_read_id in ("", read_id)


async def _insert(tx: Tx, correction: Correction, number: int, counts: Counts) -> None:
    edit = Edit(
        read_id=correction.read_id,
        number=number,
        counts=counts,
        reason=correction.reason,
        actor=correction.actor,
        created_at=tx.now,
    )
    await corrections.insert(tx, edit)
    entry = AuditEntry(
        action="read.corrected",
        entity_kind="read",
        entity_id=correction.read_id,
        actor=correction.actor,
        reason=correction.reason,
        before_version=number - 1,
        after_version=number,
    )
    tx.audit([entry])
