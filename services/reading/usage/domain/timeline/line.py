"""The timeline of a point as it is derived: its periods, their boundaries, and what does not agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Counts
from services.reading.usage.domain import ranking
from services.reading.usage.domain.timeline.agreement import Pin, Suspect
from services.reading.usage.domain.timeline.known import Contract, End, InstallationKey, Read
from services.reading.usage.domain.usages import LoadCurve
from services.reading.validation.domain.findings import Finding
from shared.frozen import document

ACTUAL: Final = "actual"
EDITED: Final = "edited"
ESTIMATED: Final = "estimated"

NO_READ: Final = "no_read"
UNUSABLE_READ: Final = "unusable_read"
CUT_BY_DAYS: Final = "cut_by_days"
IMPORTED: Final = "imported_estimate"
BY_DAYS: Final = "by_days@1"
"""The method by which a contract date without a read is cut between what is known around it."""
ESTIMATOR: Final = "system:estimate"
"""Who estimates; what a person estimated comes as a read."""


@document
class Boundary:
    """What a meter showed at the end of a period; without a meter there (`key` None) nothing runs.

    `known`: read, or the registers of an exchange; else the counts are estimated, for `reason`. `read_ids` are the reads that it
    rests on. `method`: how they were estimated, with the version of the rules.
    """

    on: date
    key: InstallationKey | None
    counts: Counts
    known: bool = True
    read: Read | None = None
    reason: str = ""
    method: str = ""
    read_ids: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()

    @property
    def estimated(self) -> bool:
        """Whether the period that ends here is one on an estimate."""
        return not self.known or (self.read is not None and self.read.source == ranking.ESTIMATED)

    @property
    def quality(self) -> str:
        """The quality of the period that ends here."""
        if self.estimated:
            return ESTIMATED
        return EDITED if self.read is not None and self.read.source == ranking.EDITED else ACTUAL


@document
class Ran:
    """What one meter ran within a period: cumulative counts at both ends."""

    installation: Installation
    from_on: date
    to_on: date
    start: Counts
    stop: Counts


@document
class Period:
    """One period as it is derived, in the cycle [`cycle_from`, day of `belongs_to`).

    `curves` and what was found on them are added where the contract states slots.
    """

    start_on: date
    start: Boundary
    end: Boundary
    ran: tuple[Ran, ...]
    energy_wh: Mapping[str, int]
    demand_w: Mapping[str, int]
    contract: Contract | None
    belongs_to: End
    cycle_from: date | None
    months: int
    estimates_in_a_row: int
    settles_estimate: bool
    suspect: bool
    curves: Sequence[LoadCurve] = ()
    curves_digest: str = ""
    curves_found: Sequence[Finding] = ()

    @property
    def key(self) -> tuple[date, date]:
        """From and to."""
        return self.start_on, self.end.on

    @property
    def days(self) -> int:
        """The length of the period."""
        return (self.end.on - self.start_on).days


@dataclass(slots=True, kw_only=True)
class Timeline:
    """What is derived: the periods, what became of planned dates, and what does not agree.

    `missed`: planned dates that were closed and are no boundary. `undecided`: the first day at which something is not decided.
    `read`: days behind that whose registers are known; they are told once it is decided. `between`: planned dates that end no
    period, because the cycle of the contract goes on.
    """

    periods: list[Period] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    turned: list[tuple[Installation, Pin]] = field(default_factory=list)
    missed: list[date] = field(default_factory=list)
    undecided: date | None = None
    read: list[date] = field(default_factory=list)
    between: set[date] = field(default_factory=set)
