"""A usage (用电量): the energy of a service point over a period, and everything that is told of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, TypedDict

from services.reading.network.domain.registers import Counts
from shared import natural
from shared.frozen import document

ACTUAL: Final = "actual"
EDITED: Final = "edited"
ESTIMATED: Final = "estimated"

VersionKey = tuple[str, date, date, int]
"""The natural key of a version: point, from, to, version."""


class MeterSpan(TypedDict):
    """What the cumulative registers of one meter showed over a period, or its part in it, as it is told and stored: the faces
    at both ends by quantity (`shown`), and how often those turned that did (`turns`)."""

    meter_no: str
    installed_on: date
    from_on: date
    to_on: date
    multiplier: int
    multiplier_denominator: int
    shown: dict[str, tuple[str, str]]
    turns: dict[str, int]


@document
class LoadCurve:
    """The energy of one quantity over a whole period by slots of `minutes` from the instant `start` on; `values` are packed."""

    quantity: str
    start: datetime
    minutes: int
    values: str


@document
class Usage:
    """One version of a usage. Of those that share a day, that with the highest version is in force; a withdrawn one is no more.

    `closing_*`: the registers at its end, cumulative, from which the next period goes on; no meter where none is there then.
    `opening_known`: the registers at its beginning were not estimated.
    `curves`: where the contract states slots; what is loaded to compare has `curves_digest` alone, that of the curves and
    of what was found on them, empty where there is neither.
    `read_date`: the planned date to whose cycle it belongs, `cycle_from` the one before (of what is told; it is not stored).
    `actors` are those of both ends, `closing_actors` of the end alone.
    """

    usage_id: str
    service_point_no: str
    period_from: date
    period_to: date
    version: int
    org_unit: str
    route_no: str
    cycle: str
    read_date: date
    months: int
    quality: str
    withdrawn: bool
    late: bool
    energy_wh: Mapping[str, int]
    demand_w: Mapping[str, int]
    curves: Sequence[LoadCurve]
    curves_digest: str
    registers: Sequence[MeterSpan]
    opening_known: bool
    closing_meter: str
    closing_installed_on: date | None
    closing_counts: Counts
    closing_known: bool
    closing_source: str
    closing_actors: tuple[str, ...]
    closing_read_ids: tuple[str, ...]
    actors: tuple[str, ...]
    read_ids: tuple[str, ...]
    meter_nos: tuple[str, ...]
    findings: tuple[str, ...]
    estimate_reason: str | None
    estimate_method: str | None
    estimates_in_a_row: int
    settles_estimate: bool
    replaces_reason: str | None
    cycle_from: date | None = None

    @property
    def key(self) -> tuple[date, date]:
        """From and to."""
        return self.period_from, self.period_to

    @property
    def version_key(self) -> VersionKey:
        """The natural key of the version."""
        return self.service_point_no, self.period_from, self.period_to, self.version

    @property
    def days(self) -> int:
        """The length of the period."""
        return (self.period_to - self.period_from).days

    @property
    def import_wh(self) -> int:
        """The energy that the customer took, 0 where no register counts it."""
        return self.energy_wh.get("import", 0)

    def shares_a_day(self, start: date, end: date) -> bool:
        """Return whether a day of the usage lies in [start, end)."""
        return self.period_from < end and start < self.period_to


@document
class Last:
    """What the period after a usage goes on from."""

    period_from: date
    period_to: date
    version: int
    quality: str
    withdrawn: bool
    energy_wh: Mapping[str, int]
    findings: tuple[str, ...]
    opening_known: bool
    closing_meter: str
    closing_installed_on: date | None
    closing_counts: Counts
    closing_known: bool
    closing_source: str
    closing_actors: tuple[str, ...]
    closing_read_ids: tuple[str, ...]

    @property
    def days(self) -> int:
        """The length of the period."""
        return (self.period_to - self.period_from).days


def in_force(versions: Iterable[Usage]) -> list[Usage]:
    """Return the usages of a point that are in force, in order: on each day that with the highest version, if not withdrawn."""
    taken: list[Usage] = []
    for usage in sorted(versions, key=lambda each: (-each.version, each.period_from)):
        if not any(usage.shares_a_day(*other.key) for other in taken):
            taken.append(usage)
    return sorted([usage for usage in taken if not usage.withdrawn], key=lambda each: each.period_from)


def usage_id(service_point_no: str, period_from: date, period_to: date, version: int) -> str:
    """Return the id of a version of a usage: told again, it has the same."""
    return natural.key_id(period_to, "usage", service_point_no, period_from, version)
