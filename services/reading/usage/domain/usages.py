"""A usage (用电量): the energy of a service point over a period, and everything that is told of it."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from services.reading.network.domain.energy import Boundary
from shared.frozen import document

ACTUAL: Final = "actual"
EDITED: Final = "edited"
ESTIMATED: Final = "estimated"


@document
class Usage:
    """One version of a usage; version n+1 replaces n whole.

    `end`: the registers from which the next period goes on. `actors` are those of both ends, `closing_actors` of the end alone.
    """

    usage_id: str
    service_point_no: str
    period_from: date
    period_to: date
    version: int
    org_unit: str
    route_no: str
    cycle: str
    quality: str
    energy_wh: Mapping[str, int]
    end: Boundary
    closing_source: str
    closing_actors: tuple[str, ...]
    actors: tuple[str, ...]
    read_ids: tuple[str, ...]
    meter_nos: tuple[str, ...]
    findings: tuple[str, ...]
    estimate_reason: str | None
    estimates_in_a_row: int
    settles_estimate: bool
    replaces_reason: str | None

    @property
    def days(self) -> int:
        """The length of the period."""
        return (self.period_to - self.period_from).days

    @property
    def import_wh(self) -> int:
        """The energy that the customer took, 0 where no register counts it."""
        return self.energy_wh.get("import", 0)

    @property
    def closing_read_id(self) -> str:
        """The read at the end of the period, empty for an estimate."""
        return self.read_ids[-1] if self.quality != ESTIMATED else ""
