"""From one register value to the next: how a face becomes a cumulative count, and when it cannot."""

from datetime import date

from services.reading.network.domain.registers import CUMULATIVE, Counts, Register, Registers
from services.reading.usage.domain.timeline.known import Faces


def progress(register: Register, face: int) -> int:
    """Return how far a register has run when it shows a face: a register that counts down is turned over."""
    return register.modulus - 1 - face if register.down else face


def counts_max(register: Register, days: int, daily_kwh_max: int, connection_kw: int | None) -> int:
    """Return the most counts that a register can run in some days.

    `daily_kwh_max` is what a register can run in a day before its multiplier; what the connection can carry is after it.
    """
    most = max(days, 1) * daily_kwh_max * register.counts_of_kwh
    if connection_kw is None:
        return most
    return min(most, register.counts_of(connection_kw * 24_000 * max(days, 1)) + 1)


def opening(registers: Registers, faces: Faces) -> Counts:
    """Return the cumulative counts at which registers begin; one without a face begins at zero."""
    return tuple([0 if shown is None else progress(r, shown) for r, shown in zip(registers, faces, strict=True)])


def advance(
    registers: Registers,
    before: Counts,
    faces: Faces,
    *,
    days: int,
    daily_kwh_max: int,
    connection_kw: int | None,
    turns: Faces | None = None,
) -> Counts | None:
    """Return the cumulative counts of faces that were read `days` after `before`, or None where a register cannot have got there.

    A face has turned (翻转) only if the way forward is possible and shorter than the way back; a person may state turns. A step
    above what is possible is none. A register without a face stays; one of demand is taken as it is.
    """
    after = []
    for i, register in enumerate(registers):
        shown, old = faces[i], before[i]
        if shown is None:
            after.append(old)
            continue
        if register.kind != CUMULATIVE:
            after.append(shown)
            continue
        stated = turns[i] if turns else None
        count = _step(register, old, progress(register, shown), stated, days, daily_kwh_max, connection_kw)
        if count is None:
            return None
        after.append(count)
    return tuple(after)


def _step(
    register: Register,
    before: int,
    shown: int,
    turns: int | None,
    days: int,
    daily_kwh_max: int,
    connection_kw: int | None,
) -> int | None:
    modulus = register.modulus
    after = before - before % modulus + shown
    if turns is not None:
        after += turns * modulus
        return after if after >= before else None
    most = counts_max(register, days, daily_kwh_max, connection_kw)
    if after >= before:
        return after if after - before <= most else None
    back = before - after
    return after + modulus if modulus - back <= min(most, back - 1) else None


def turned(registers: Registers, before: Counts, after: Counts) -> bool:
    """Return whether a face passed its last number on the way."""
    return any(
        a // register.modulus > b // register.modulus
        for register, b, a in zip(registers, before, after, strict=True)
        if register.kind == CUMULATIVE
    )


def plain(
    registers: Registers, before: Counts, faces: Faces, *, days: int, daily_kwh_max: int, connection_kw: int | None
) -> Counts | None:
    """Return what `advance` does where each register is one of energy, has a face and does not turn on the way, else None."""
    after = []
    for register, old, shown in zip(registers, before, faces, strict=True):
        if shown is None or register.kind != CUMULATIVE:
            return None
        count = old - old % register.modulus + progress(register, shown)
        if not 0 <= count - old <= counts_max(register, days, daily_kwh_max, connection_kw):
            return None
        after.append(count)
    return tuple(after)


def between(low: Counts, high: Counts, on: date, first: date, last: date) -> Counts:
    """Return the counts on a day by days between those of two days, whole counts rounded down."""
    days, total = (on - first).days, (last - first).days
    return tuple([a + (b - a) * days // total for a, b in zip(low, high, strict=True)])


def ordered(low: Counts, high: Counts) -> bool:
    """Return whether no register runs backwards from one to the other."""
    return all(a <= b for a, b in zip(low, high, strict=True))
