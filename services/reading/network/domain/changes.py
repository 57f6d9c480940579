"""What a change of meters and installations means for what is known already: usages to derive again, reads to read anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.reading.network.domain.installations import Placement
from services.reading.network.domain.registers import Registers, same_faces
from shared import civil

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A meter: all its installations before and after, and the registers that it was last put with, before and after."""

    meter_no: str
    before: Sequence[Placement]
    after: Sequence[Placement]
    own_before: Registers
    own_after: Registers


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Days of a meter, both included, whose reads are shown by other faces now."""

    meter_no: str
    first: date
    last: date
    old: Registers
    new: Registers


def changed(changes: Sequence[Change]) -> tuple[list[Placement], list[Placement]]:
    """Return the installations that are no more as they were, and those that are now as they were not."""
    before = [each for change in changes for each in change.before if each not in change.after]
    after = [each for change in changes for each in change.after if each not in change.before]
    return before, after


def touched(changes: Sequence[Change]) -> dict[str, date]:
    """Return by service point the earliest day about which something changed."""
    before, after = changed(changes)
    olds = {each.key: each for each in before}
    news = {each.key: each for each in after}
    found: dict[str, date] = {}
    for key in [*olds, *(key for key in news if key not in olds)]:
        old, new = olds.get(key), news.get(key)
        placement = new or old
        assert placement is not None
        day = _first_day(old, new) if old and new else placement.installed_on
        point = placement.service_point_no
        found[point] = min(day, found.get(point, day))
    return found


def _first_day(old: Placement, new: Placement) -> date:
    if (old.opening, old.registers) != (new.opening, new.registers):
        return old.installed_on
    return min(day for day in (old.removed_on, new.removed_on) if day is not None)


def shifts(changes: Sequence[Change]) -> list[Shift]:
    """Return the days whose reads are shown by other faces after a change."""
    return [shift for change in changes if not _alike(change) for shift in _shifts(change)]


def _alike(change: Change) -> bool:
    """Return whether all faces that a read of the meter can be shown by are the same: then there is nothing to look for."""
    faces = [placement.registers for placement in (*change.before, *change.after)]
    return all(same_faces(change.own_before, each) for each in (change.own_after, *faces))


def _shifts(change: Change) -> list[Shift]:
    edges = {civil.FIRST, civil.END}
    for placement in (*change.before, *change.after):
        for day in (placement.installed_on, placement.removed_on):
            edges |= {day, day + DAY} if day is not None else set()
    days = sorted(edges)
    found = []
    for first, end in pairwise(days):
        old = _faces_on(change.before, first, change.own_before)
        new = _faces_on(change.after, first, change.own_after)
        if not same_faces(old, new):
            found.append(Shift(meter_no=change.meter_no, first=first, last=end - DAY, old=old, new=new))
    return found


def _faces_on(placements: Sequence[Placement], day: date, own: Registers) -> Registers:
    """Return the registers by which a meter is read on a day: of the installation that ends, where two share it."""
    there = [each for each in placements if each.installed_on <= day <= (each.removed_on or civil.END)]
    return min(there, key=lambda each: each.installed_on).registers if there else own


def by_meter(placements: Mapping[tuple[str, date], Placement]) -> dict[str, list[Placement]]:
    """Return installations by their meters."""
    found: dict[str, list[Placement]] = {}
    for placement in placements.values():
        found.setdefault(placement.meter_no, []).append(placement)
    return found
