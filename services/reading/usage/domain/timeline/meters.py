"""What the meters of a point showed on a day: their registers as far as these agree."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Counts
from services.reading.usage.domain.timeline import agreement
from services.reading.usage.domain.timeline.agreement import Pin, Suspect
from services.reading.usage.domain.timeline.known import Faces, InstallationKey, Read, Start, World
from services.reading.usage.domain.timeline.line import Boundary


class Meters:
    """The meters of a point from a start on, in order of time, with the registers of each that agree (`pins`)."""

    def __init__(self, world: World, start: Start | None) -> None:
        self.pins: dict[InstallationKey, list[Pin]] = {}
        self.pin_days: dict[InstallationKey, list[date]] = {}
        self.suspects: list[Suspect] = []
        self.turned: list[tuple[Installation, Pin]] = []
        self.installations: list[Installation] = []
        for meter in sorted(world.installations, key=lambda each: each.from_):
            if start is not None and meter.to is not None and meter.to <= start.on:
                continue
            begin = Pin(on=start.on, counts=start.counts) if start and start.key == meter.key else None
            agreed = agreement.agree(world, meter, begin)
            self.installations.append(meter)
            self.pins[meter.key] = agreed.pins
            self.pin_days[meter.key] = [pin.on for pin in agreed.pins]
            self.suspects += agreed.suspects
            self.turned += [(meter, pin) for pin in agreed.pins if pin.turned]
        self.suspect_days = {(each.installation.key, each.on) for each in self.suspects}
        self._suspect_ids = {each.id for each in self.suspects}

    def stood(self, start: date, end: date) -> bool:
        """Return whether a meter was there on a day of [start, end)."""
        return any(meter.from_ < end and (meter.to is None or meter.to > start) for meter in self.installations)

    def stood_throughout(self, start: date, end: date) -> bool:
        """Return whether a meter was there on every day of [start, end); one that is exchanged leaves no day without."""
        for meter in self.installations:
            if meter.from_ <= start and (meter.to is None or meter.to > start):
                if meter.to is None:
                    return True
                start = meter.to
        return start >= end

    def active(self, day: date) -> Installation | None:
        """Return the meter whose registers at a day must be known: one that came before it and goes after it."""
        for meter in self.installations:
            if meter.from_ < day and (meter.to is None or day < meter.to):
                return meter
        return None

    def known(self, day: date) -> Boundary | None:
        """Return the boundary at a day on which all registers are known, else None."""
        active = self.active(day)
        if active is not None:
            days = self.pin_days[active.key]
            at = bisect_right(days, day) - 1
            if at < 0:
                return Boundary(on=day, key=active.key, counts=self.pins[active.key][0].counts)
            pin = self.pins[active.key][at]
            if pin.on != day:
                return None
            return _boundary(day, active.key, pin)
        ended = [meter for meter in self.installations if meter.to == day]
        begun = [meter for meter in self.installations if meter.from_ == day]
        if begun:
            pin = self.pins[begun[0].key][0]
            closing = self.last_pin(ended[0]) if ended else None
            ids = ids_of(pin.read if pin.on == day else None) + ids_of(closing.read if closing else None)
            return Boundary(on=day, key=begun[0].key, counts=pin.counts, read=None, read_ids=ids)
        if ended:
            pin = self.last_pin(ended[0])
            return replace(_boundary(day, None, pin), counts=())
        return Boundary(on=day, key=None, counts=())

    def last_pin(self, meter: Installation) -> Pin:
        """Return the last registers of a meter that are known."""
        return self.pins[meter.key][-1]

    def counts_on(self, meter: Installation, day: date) -> Counts:
        """Return the counts of a meter on a day that are known: those of that day, or the nearest before it."""
        at = bisect_right(self.pin_days[meter.key], day) - 1
        return self.pins[meter.key][max(at, 0)].counts

    def counts(self, meter: Installation, at: Boundary) -> Counts:
        """Return the counts of a meter at a boundary; before its first and after its last known registers it stands still."""
        if at.key == meter.key:
            return at.counts
        return self.pins[meter.key][0].counts if at.on <= meter.from_ else self.pins[meter.key][-1].counts

    def held(self, meter: Installation) -> Pin | None:
        """Return where a meter stands still whose closing registers are suspect: nothing is told beyond the last known."""
        if meter.to is None:
            return None
        return Pin(on=meter.to, counts=self.last_pin(meter).counts)

    def first_day_with_meter(self, start_on: date, end_on: date) -> date | None:
        """Return the first day of [start, end) on which a meter is there."""
        for meter in self.installations:
            if meter.from_ < end_on and (meter.to is None or meter.to > start_on):
                return max(start_on, meter.from_)
        return None

    def shown(self, meter: Installation, reads: Sequence[Read], from_on: date, to_on: date) -> Iterator[Faces]:
        """Return what a meter showed after a day and up to another: reads and closing registers, but for suspect ones."""
        for read in reads:
            if from_on < read.day <= to_on and read.read_id not in self._suspect_ids:
                yield read.faces
        taken_off = meter.to is not None and from_on < meter.to <= to_on
        closing = agreement.register_id(meter, agreement.CLOSING)
        if taken_off and meter.closing is not None and closing not in self._suspect_ids:
            yield meter.closing

    def suspect_after(self, meter: Installation, day: date) -> bool:
        """Return whether registers of a meter after a day are suspect."""
        return any(key == meter.key and on > day for key, on in self.suspect_days)


def _boundary(day: date, key: InstallationKey | None, pin: Pin) -> Boundary:
    actors = pin.read.actors if pin.read else ()
    return Boundary(on=day, key=key, counts=pin.counts, read=pin.read, read_ids=ids_of(pin.read), actors=actors)


def ids_of(read: Read | None) -> tuple[str, ...]:
    """Return the id of a read, nothing where there is none."""
    return (read.read_id,) if read else ()
