"""Units that collect: an org unit, a route or a team. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

UnitKind = Literal["org_unit", "route", "team"]
ORG_UNIT: Final = "org_unit"
ROUTE: Final = "route"
TEAM: Final = "team"
BETWEEN: Final = "~"
"""Stands between the parts of the number under which the audit knows an assignment or a target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A team collects what an org unit or a route is owed, from a day on until the next assignment of the same; None: nobody.

    `org_unit` is that of the route: who may see it may assign.
    """

    unit_kind: str
    unit: str
    valid_from: date
    org_unit: str
    team: str | None

    @property
    def number(self) -> str:
        return BETWEEN.join((self.unit_kind, self.unit, self.valid_from.isoformat()))
