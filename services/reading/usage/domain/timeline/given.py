"""What the reads of a point are taken for, beside what they show."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from services.reading.network.domain.installations import Installation
from services.reading.policies.domain import Policy
from services.reading.usage.domain.timeline import agreement
from services.reading.usage.domain.timeline.known import End, Read
from services.reading.usage.domain.usages import Usage


def tolerated(reads: Sequence[Read], ends: Sequence[End], policy_on: Callable[[date], Policy]) -> list[Read]:
    """Let a read near a planned date without one count for that date, the nearest first, the earlier of two."""
    result = list(reads)
    for end in ends:
        tolerance = policy_on(end.day).read_tolerance_days if end.planned else 0
        if not tolerance or any(read.day == end.day for read in result):
            continue
        near = [read for read in result if abs((read.day - end.day).days) <= tolerance]
        if near:
            best = min(near, key=lambda read: (abs((read.day - end.day).days), read.day))
            result = [replace(read, day=end.day) if read.day == best.day else read for read in result]
    return result


def told(standing: Sequence[Usage], meters: Iterable[Installation]) -> frozenset[str]:
    """Return the reads and registers that told usages rest on."""
    found = {read_id for usage in standing for read_id in usage.read_ids}
    last = standing[-1].period_to if standing else date.min
    for meter in meters:
        if standing and meter.from_ < last:
            found.add(agreement.register_id(meter, agreement.OPENING))
        if meter.to is not None and meter.to <= last:
            found.add(agreement.register_id(meter, agreement.CLOSING))
    return frozenset(found)
