"""What is known of a service point: all that its usages are a function of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Counts
from services.reading.policies.domain import Policy
from shared.frozen import document

PREPAID: Final = "prepaid"
InstallationKey = tuple[str, date]
"""Meter and day of installation: the same meter back on the same point is another one."""
Faces = tuple[int | None, ...]
"""One face for each register of an installation; None for a register that the read does not have."""


@document
class Read:
    """A read in force, with its correction where it has one. `day` is the day that it counts for.

    Of two reads of one day the higher `rank` stands, then the one nearer to 00:00 (`distance`, seconds), then the lower id.
    `turns`: how often each face had passed its last number since the register known before, where a person stated it.
    """

    read_id: str
    day: date
    faces: Faces
    source: str
    rank: int
    distance: int
    actors: tuple[str, ...]
    turns: Faces | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract on the point over [from_, to), of which each bill is for `cycle_months`.

    `modes`: how it is paid from which day on, in order; postpaid before the first.
    """

    contract_no: str
    from_: date
    to: date | None
    curve_minutes: int | None = None
    cycle_months: int = 1
    modes: tuple[tuple[date, str], ...] = ()

    def prepaid_on(self, day: date) -> bool:
        """Return whether what is used on a day is paid for before."""
        mode = next((mode for from_, mode in reversed(self.modes) if from_ <= day), "")
        return mode == PREPAID and self.from_ <= day and (self.to is None or day < self.to)

    @property
    def ever_prepaid(self) -> bool:
        """Whether it is prepaid on some day."""
        return any(mode == PREPAID for _, mode in self.modes)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A day on which a period may end: planned by the route, or asked for (alone only where it was read).

    `closed`: its window has ended. `months`: planned months that it closes. `reason`: why it was not read, as a reader noted it.
    `since`: the planned date before it, by the plan of the route. `by_now`: the day up to which is asked what ran by now; also
    one on which a meter came or went ends the days before it then.
    """

    day: date
    planned: bool
    closed: bool = False
    months: int = 1
    cycle: str = ""
    reason: str = ""
    since: date | None = None
    asked: bool = False
    by_now: bool = False


@document
class Start:
    """A settled boundary from which periods are derived again: registers that are known, and what rests on it.

    `counts` are cumulative. `settled`: the settled boundaries up to it, oldest first, with the energy since the one before.
    """

    on: date
    key: InstallationKey | None
    counts: Counts
    read_ids: tuple[str, ...]
    actors: tuple[str, ...]
    settled: Sequence["Settled"]


@dataclass(frozen=True, slots=True)
class Settled:
    """A boundary whose registers are known; `energy_wh` ran since the one before it."""

    on: date
    energy_wh: Mapping[str, int]


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that is known of one service point.

    `told` names the reads and registers that told usages rest on. `next_planned`: the planned date after a day, where no task is
    there yet, with its cycle. `planned_before`: that before a day, were the route read every so many months. `connection_kw`:
    what the connection can carry. `demands`: all reads of meters that show them.
    """

    installations: Sequence[Installation]
    reads: Mapping[InstallationKey, Sequence[Read]]
    contracts: Sequence[Contract]
    ends: Sequence[End]
    policy_on: Callable[[date], Policy]
    next_planned: Callable[[date], End]
    planned_before: Callable[[date, int], date]
    told: frozenset[str] = frozenset()
    connection_kw: int | None = None
    demands: Mapping[InstallationKey, Sequence[Read]] = field(default_factory=lambda: MappingProxyType({}))

    def of_contract(self, end: End, contract: Contract | None) -> End | None:
        """Return what a planned date is for a contract: the end of its cycle, or None where that goes on.

        A contract of several months on a route of fewer is read as on a route of its months: one of two in every odd month.
        """
        months = 1 if contract is None else contract.cycle_months
        if months <= end.months or months % end.months:
            return end
        if (end.day.month - 1) % months:
            return None
        return replace(end, months=months, since=self.planned_before(end.day, months))

    def contract_on(self, day: date) -> Contract | None:
        """Return the contract that covers a day."""
        for contract in self.contracts:
            if contract.from_ <= day and (contract.to is None or day < contract.to):
                return contract
        return None

    def between(self) -> set[date]:
        """Return the planned dates on which the cycle of the contract of the day before goes on."""
        before = timedelta(days=1)
        planned = (end for end in self.ends if end.planned)
        return {end.day for end in planned if self.of_contract(end, self.contract_on(end.day - before)) is None}
