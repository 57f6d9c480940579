"""What rests on meters and installations follows them: how reads are shown, which reads and curves wait, and the usages."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.reading.intake.use_cases import curves
from services.reading.network.domain import changes as network
from services.reading.network.domain import registers
from services.reading.network.domain.changes import Change, Shift
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import Shown
from services.reading.reads.domain import cover, identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import recounting, waiting, waiting_curves
from services.reading.reads.store.recounting import Span
from services.reading.stock.use_cases import living
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.knowing import Loader
from shared.db.engine import Tx
from shared.errors import BusinessError

NAMED_MAX = 20  # in the detail of an error
REASON = "installation_changed"


class NotShown(BusinessError):
    status = 409
    code = "reading.not_shown"
    title = "A read that is there could not be shown by these faces"


class MakesSuspect(BusinessError):
    status = 409
    code = "reading.makes_suspect"
    title = "Registers would contradict others by this; it is done where it is confirmed"


async def follow(
    tx: Tx, changes: Sequence[Change], *, days: ReadDays, reason: str = REASON, suspect_before: set[str] | None = None
) -> None:
    """Bring reads, usages and lives of meters after changes of meters, in their unit of work. A constant number of statements.

    Raises `NotShown`, and, where `suspect_before` names what contradicted others before, `MakesSuspect` for what does by this:
    nothing is changed then.
    """
    await reread(tx, network.shifts(changes), days)
    before, after = network.changed(changes)
    await living.derive(tx, [placement.meter_no for placement in (*before, *after)])
    touched: dict[str, date | None] = {**network.touched(changes)}
    for point, day in await waiting.settle(tx, after, days) | await curves.settle(tx, after, days):
        there = touched.setdefault(point, day)  # None: all of it
        touched[point] = min(day, there) if there is not None else None
    standing = [placement for change in changes for placement in change.after]
    lost = cover.lost(before, standing)
    await waiting.begin(tx, lost, days)
    await waiting_curves.begin(tx, lost)
    derived = await deriving.derive_again(tx, touched, loader=Loader(days=days), change=deriving.Change(reason=reason))
    if suspect_before is not None and (new := sorted(derived.suspects.keys() - suspect_before)):
        raise MakesSuspect(named(new))


async def reread(tx: Tx, shifts: Sequence[Shift], days: ReadDays) -> None:
    """Let the reads of some days count by other faces what they showed by the old ones, exactly; raises `NotShown`."""
    if not shifts:
        return
    spans = [Span(each.meter_no, days.bounds(each.first)[0], days.bounds(each.last)[1]) for each in shifts]
    found = await recounting.counts(tx, spans)
    shift_of = {identity.read_id(*key): shift for shift, reads in zip(shifts, found, strict=True) for key in reads}
    edited = await recounting.edited(tx, list(shift_of))
    received: dict[tuple[ReadKey, str], int] = {}
    edits: dict[tuple[str, int], Shown] = {}
    faults = []
    for shift, reads in zip(shifts, found, strict=True):
        for key, counts in reads.items():
            try:
                received |= {(key, quantity): count for quantity, count in _by_quantity(shift, counts).items()}
            except Refused:
                faults.append(identity.read_id(*key))
    for (read_id, number), shown in edited.items():
        try:
            edits[read_id, number] = registers.reread(shift_of[read_id].old, shown, shift_of[read_id].new)
        except Refused:
            faults.append(read_id)
    if faults:
        raise NotShown(named(sorted(set(faults))))
    await recounting.write(tx, received)
    await recounting.write_edited(tx, edits)


def _by_quantity(shift: Shift, counts: Mapping[str, int]) -> dict[str, int]:
    old = tuple(register for register in shift.old if register.quantity in counts)
    shown = registers.reread(old, tuple(counts[register.quantity] for register in old), shift.new)
    quantities = [register.quantity for register in shift.new]
    return {quantity: count for quantity, count in zip(quantities, shown, strict=True) if count is not None}


def named(ids: Sequence[str]) -> str:
    """Return ids as the detail of an error, the first of many."""
    more = len(ids) - NAMED_MAX
    return ", ".join(ids[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
