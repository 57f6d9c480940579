"""Meters on their service points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.network.domain.registers import Counts, Registers


@dataclass(frozen=True, slots=True)
class Installation:
    """A meter on its service point over [from, to). Faces at both ends, as they were read there."""

    meter_no: str
    from_: date
    to: date | None
    registers: Registers
    opening: Counts
    closing: Counts | None


def first_day(installations: Sequence[Installation]) -> date:
    """Return the day at which the first period of a point begins: its first opening register."""
    return min(installation.from_ for installation in installations)
