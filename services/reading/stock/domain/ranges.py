"""Ranges of meters (批次号段): numbers that follow each other, with what all of them have in common. Pure."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import Face

METERS_MAX: Final = 10_000
"""Of one range, and of one request: as many as a lorry brings, and a few seconds of one unit of work."""
_NUMBER: Final = re.compile(r"(.*?)([0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A range as it came: `org_unit` is its warehouse, and whose the meters are; `owner`: 产权, a code of the utility's own."""

    range_no: str
    from_no: str
    to_no: str
    org_unit: str
    meter_type: str
    faces: tuple[Face, ...]
    numerator: int
    denominator: int
    owner: str
    batch_no: str | None
    received_on: date
    verified_until: date | None

    def numbers(self) -> list[str]:
        """Return the numbers of its meters; raises `Refused` where there are none, or too many."""
        first, last = _NUMBER.fullmatch(self.from_no), _NUMBER.fullmatch(self.to_no)
        if first is None or last is None or len(self.from_no) != len(self.to_no):
            raise Refused("reading.range_wrong", "both numbers end in digits and have one length")
        (prefix, begin), (other, end) = first.groups(), last.groups()
        if prefix != other or int(begin) > int(end):
            raise Refused("reading.range_wrong", "the numbers differ in their last digits alone, and go upwards")
        count = int(end) - int(begin) + 1
        if count > METERS_MAX:
            raise Refused("reading.range_too_long", f"a range has at most {METERS_MAX} meters; this one has {count}")
        return [f"{prefix}{number:0{len(begin)}d}" for number in range(int(begin), int(end) + 1)]
