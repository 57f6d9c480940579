"""What the rules of conduct look at: the reads of a route on its read dates, and what a rule finds. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

ROUTE: Final = "route"
READER: Final = "reader"
POINT: Final = "point"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The read of a task that is nearest to its read date. `reader`: of a meter that tells by itself, none.

    `brought_at`: when the read came in, or was entered on the phone. `shown`: the import register in millionths of a kWh, where
    the meter has one.
    """

    point: str
    read_date: date
    meter_no: str
    read_at: datetime
    day: date
    reader: str | None
    is_off: bool
    brought_at: datetime
    shown: int | None

    @property
    def days_off(self) -> int:
        """How many days it was off; below zero where it was before its read date."""
        return (self.day - self.read_date).days


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A route on a read date and on those before it, in order; `window_days`: by when it was to be read.

    `by_point` are the visits of each point in the order of their read dates.
    """

    route_no: str
    read_date: date
    window_days: int
    tolerance_days: int
    by_point: Mapping[str, Sequence[Visit]]

    @property
    def now(self) -> list[Visit]:
        """The visits of the read date, by persons."""
        last = [visits[-1] for visits in self.by_point.values() if visits]
        return [each for each in last if each.read_date == self.read_date and each.reader is not None]

    def now_by_reader(self) -> dict[str, list[Visit]]:
        """Return the visits of the read date by who made them."""
        found: dict[str, list[Visit]] = {}
        for each in self.now:
            found.setdefault(each.reader or "", []).append(each)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a rule found, of whom, with what it compared. `reader`: whose conduct it is, where it is one person's."""

    rule: str
    subject_kind: str
    subject: str
    reader: str | None
    numbers: Mapping[str, int]
