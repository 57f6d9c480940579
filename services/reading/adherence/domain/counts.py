"""Adherence (抄表例日监控): how the tasks of a route or of a reader ended against their read day. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

Outcome = Literal["early", "on_time", "late", "unread", "open"]
"""By the read that is nearest to the read date. `unread`: there is none within reach, and its window is closed; `open`: there is
none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A route that is to be read on a day, and who is assigned to it by now."""

    route_no: str
    read_date: date
    cycle: str
    org_unit: str
    reader: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tasks counted: expected = early + on_time + late + unread + open.

    Whenever they were read, `estimated` (估抄) are billed by an estimate by now, and `missed` (漏抄) by neither a read of their
    day nor an estimate; `read_by_others` were read by another person than who was to read them. `wrong` (错抄): the reads
    that were corrected in the month of that name, and were their reader's error.
    """

    expected: int = 0
    early: int = 0
    on_time: int = 0
    late: int = 0
    unread: int = 0
    open: int = 0
    estimated: int = 0
    missed: int = 0
    wrong: int = 0
    read_by_others: int = 0


def together(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    names = tuple(Counts.__dataclass_fields__)
    every = list(counts)
    return Counts(**{name: sum(getattr(each, name) for each in every) for name in names})
