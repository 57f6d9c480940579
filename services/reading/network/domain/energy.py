"""What the meters of a service point ran between two days: from registers at both ends to Wh by quantity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.network.domain import registers
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Counts
from shared.frozen import document


@dataclass(frozen=True, slots=True)
class Boundary:
    """The meter and its cumulative counts at the day that ends one period and begins the next.

    `known`: read or edited, not estimated. Cumulative counts include the turns of the face since the meter was installed.
    """

    on: date
    meter_no: str
    counts: Counts
    known: bool = True


@document
class Stretch:
    """What one meter ran within a period."""

    installation: Installation
    start: Counts
    start_on: date
    stop: Counts  # a face where `stop_is_face`, else cumulative
    stop_on: date
    stop_is_face: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """The outcome of a period. `backward`: quantities that ran backwards, by which there is no usage."""

    energy_wh: dict[str, int]
    end: Boundary
    meter_nos: tuple[str, ...]
    backward: tuple[str, ...] = ()


def stretches(
    installations: Sequence[Installation], start_on: date, start: Boundary | None, end: Boundary, end_is_face: bool
) -> list[Stretch]:
    """Return what ran from `start` to `end`, meter by meter.

    A meter that is in `start` goes on from there; another one that was installed within the period, or is still there, goes
    on from its opening registers. A meter that was removed by the end of the period stops at its closing registers, the
    meter of `end` at those of `end`. An exchange on the boundary day itself counts on the side on which it was read.
    """
    found = []
    for installation in sorted(installations, key=lambda each: each.from_):
        removed_on = installation.to
        if installation.from_ > end.on or (removed_on is not None and removed_on < start_on):
            continue
        goes_on = start is not None and start.meter_no == installation.meter_no and installation.from_ <= start.on
        if goes_on:
            assert start is not None
            begin, begin_on = start.counts, start.on
        elif removed_on is None or removed_on > end.on or installation.from_ >= start_on:
            begin, begin_on = installation.opening, installation.from_
        else:
            continue
        if installation.meter_no == end.meter_no and (removed_on is None or removed_on >= end.on):
            stop, stop_on, is_face = end.counts, end.on, end_is_face
        elif removed_on is not None and removed_on <= end.on and installation.closing is not None:
            stop, stop_on, is_face = installation.closing, removed_on, True
        else:
            continue
        found.append(
            Stretch(
                installation=installation,
                start=begin,
                start_on=begin_on,
                stop=stop,
                stop_on=stop_on,
                stop_is_face=is_face,
            )
        )
    return found


def measure(
    installations: Sequence[Installation],
    start_on: date,
    start: Boundary | None,
    end: Boundary,
    *,
    daily_kwh_max: int,
    end_is_face: bool = True,
) -> Measured:
    """Return the usage of [start_on, end.on): the sum over its meters of their energies at stop minus start.

    `start` is None for the first period, which begins at the opening registers. `end.counts` is a face as it was read, or
    cumulative (`end_is_face=False`). Each cumulative value is rounded to Wh, never the difference, so that periods telescope.
    """
    energy: dict[str, int] = {}
    backward: list[str] = []
    meter_nos = []
    end_counts = end.counts
    for stretch in stretches(installations, start_on, start, end, end_is_face):
        faces = stretch.installation.registers
        stop = stretch.stop
        if stretch.stop_is_face:
            days = (stretch.stop_on - stretch.start_on).days
            stop, wrong = registers.unwrap(faces, stretch.start, stop, daily_kwh_max, days)
            backward += wrong
        else:
            backward += [
                register.quantity
                for register, before, after in zip(faces, stretch.start, stop, strict=True)
                if after < before
            ]
        if stretch.installation.meter_no == end.meter_no:
            end_counts = stop
        meter_nos.append(stretch.installation.meter_no)
        for register, before, after in zip(faces, stretch.start, stop, strict=True):
            wh = register.energy_wh(after) - register.energy_wh(before)
            energy[register.quantity] = energy.get(register.quantity, 0) + wh
    return Measured(energy, Boundary(end.on, end.meter_no, end_counts, end.known), tuple(meter_nos), tuple(backward))
