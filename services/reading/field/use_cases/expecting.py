"""What is expected of meters on a day, from what was told of their points: a constant number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.reading.field.domain import expectation
from services.reading.field.domain.expectation import Basis
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import installations
from services.reading.usage.domain.usages import Last, Usage, in_force
from services.reading.usage.store import usages
from shared.db.engine import View

PointOn = tuple[str, date]


async def load(
    view: View, points: Mapping[str, ServicePoint], wanted: Sequence[PointOn]
) -> dict[PointOn, dict[str, Basis]]:
    """Return, for points on days, the basis of each meter that stands there, by its number."""
    keys = list(dict.fromkeys(wanted))
    if not keys:
        return {}
    meters = await installations.by_point(view, sorted({point for point, _ in keys}))
    _, previous_ids, _ = await usages.tasks_and_previous(view, keys)
    previous = await usages.last(view, list(dict.fromkeys(previous_ids.values())))
    last = {key: previous.get(previous_ids.get(key, "")) for key in keys}
    unsettled = {point for (point, day), usage in last.items() if usage is not None and not _settled(usage, day)}
    told = await usages.of_points(view, sorted(unsettled))
    found = {}
    for point, day in keys:
        known: Last | Usage | None = last[point, day]
        newest = known
        if point in unsettled:
            before = [usage for usage in in_force(told[point]) if usage.period_to <= day]
            newest = before[-1] if before else None
            known = next((usage for usage in reversed(before) if usage.closing_known), None)
        kw = points[point].connection_kw
        found[point, day] = {
            meter.meter_no: expectation.basis(meter, known, newest, kw) for meter in _there(meters.get(point, ()), day)
        }
    return found


def _settled(usage: Last, day: date) -> bool:
    return not usage.withdrawn and usage.closing_known and usage.period_to <= day


def _there(meters: Iterable[Installation], day: date) -> list[Installation]:
    """Return the meters that stand on a day, of one that stands there twice the later one."""
    return sorted(
        (meter for meter in meters if meter.stands_on(day)),
        key=lambda meter: meter.from_,
    )
