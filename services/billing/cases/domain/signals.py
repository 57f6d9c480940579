"""Which case a signal is of: in any order, twice, in any batch the same cases with the same first day follow. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.billing.cases.domain.cases import case_no_of

Where = tuple[str, str]
"""Service point and kind."""
WAITING, JOINED, LATE, REFUSED = "waiting", "joined", "late", "refused"
"""Of a signal: its point is not known yet; it is of the open case; of one that has ended; its point is another bureau's."""
KEY: Final = ("source", "brought_by", "source_no", "code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What points to a case; `brought_by` and `word` (their org units) are of a tip."""

    signal_id: str
    source: str
    brought_by: str
    source_no: str
    code: str
    kind: str
    service_point_no: str
    seen_on: date
    reference: str | None = None
    org_unit: str = ""
    word: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the same."""
        return self.source, self.brought_by, self.source_no, self.code

    @property
    def where(self) -> Where:
        """Return whose cases it is of."""
        return self.service_point_no, self.kind

    def says(self, other: "Signal") -> bool:
        """Return whether another of its number has the same content; the bill that found it first, and whose it is, are none."""
        return replace(other, reference=self.reference, org_unit=self.org_unit, word=self.word) == self


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A case as signals find it: open, or ended on a day. `reopened`: its steps run anew since that."""

    case_no: str
    number: int
    first_signal_on: date
    ended_on: date | None
    reopened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What follows for the cases of a kind at a point: one is `opened`, some begin `earlier`, each signal has its case.

    `late`: signals of a case that has ended.
    """

    opened: Known | None
    earlier: Mapping[str, date]
    case_of: Mapping[str, str]
    late: frozenset[str]


def join(where: Where, cases: Sequence[Known], signals: Sequence[Signal]) -> Joined:
    """Return what signals do to the cases of a kind at a point.

    A signal of a day on which a case was still looked into is of that case, also where it has ended; any other is of the case
    that is open, or opens the next. A case begins with the earliest of its signals.
    """
    ended = sorted((case for case in cases if case.ended_on is not None), key=lambda case: case.number)
    current = next((case for case in cases if case.ended_on is None), None)
    opened, case_of, late = None, dict[str, str](), set[str]()
    first: dict[str, date] = {}
    for signal in signals:
        case = next((each for each in ended if each.ended_on is not None and signal.seen_on <= each.ended_on), current)
        if case is None:
            number = len(cases) + 1
            no = case_no_of(*where, number)
            case = current = opened = Known(case_no=no, number=number, first_signal_on=signal.seen_on, ended_on=None)
        case_of[signal.signal_id] = case.case_no
        late |= {signal.signal_id} if case.ended_on is not None else set()
        first[case.case_no] = min(signal.seen_on, first.get(case.case_no, case.first_signal_on))
    begun = {case.case_no: case.first_signal_on for case in cases}
    if opened is not None:
        opened = replace(opened, first_signal_on=first[opened.case_no])
    earlier = {no: day for no, day in first.items() if no in begun and day < begun[no]}
    return Joined(opened=opened, earlier=earlier, case_of=case_of, late=frozenset(late))
