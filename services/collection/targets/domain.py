"""Units that collect (an org unit, a route or a team), what they are to collect, and how old debts are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from shared import dated
from shared.dated import Versions
from shared.document import Node

FIELDS: Final = "ageing"
DAYS_MAX: Final = 36_500  # a hundred years: longer is a typing error
BUCKETS_MAX: Final = 24
WHOLE_BP: Final = 10_000
"""Basis points of the whole: 95.5 % are 9550."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How much of what is due of a month a unit is to collect (回收率指标), in basis points.

    `org_unit` is that of the route or team: who may see it may set the target.
    """

    month: str
    unit_kind: str
    unit: str
    org_unit: str
    rate_bp: int

    @property
    def number(self) -> str:
        return BETWEEN.join((self.month, self.unit_kind, self.unit))


def rate_bp(collected_fen: int, due_fen: int) -> int | None:
    """Return what is collected of what is due in basis points, rounded down: 10000 is all of it. None: nothing is due."""
    return collected_fen * WHOLE_BP // due_fen if due_fen > 0 else None


def is_reached(target_bp: int | None, collected_fen: int, due_fen: int) -> bool | None:
    """Return whether a target is reached, to the fen; None where there is none. What has nothing due is collected."""
    return None if target_bp is None else collected_fen * WHOLE_BP >= target_bp * due_fen


Buckets = tuple[int, ...]
"""The last days overdue of each bucket but the last one, rising; 0 is what is not overdue."""
AgeingRules = Versions[Buckets]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is overdue (账龄) since `from_days` to `to_days` days; None: or longer. Days are counted from the due date on."""

    number: int
    from_days: int | None
    to_days: int | None

    def first_due(self, on: date) -> date | None:
        """Return the first due date of the bucket on a day; None: of the longest ago there is no first one."""
        return None if self.to_days is None else on - timedelta(days=self.to_days)


def buckets(days: Buckets) -> Sequence[Bucket]:
    """Return the buckets of these limits, the youngest first; the first has no first day: it is due today or later."""
    starts = [None, *(day + 1 for day in days)]
    return [
        Bucket(number=number, from_days=start, to_days=end)
        for number, (start, end) in enumerate(zip(starts, [*days, None], strict=True))
    ]


def read(document: Node, *, also: str) -> AgeingRules:
    """Return the limits of a policy document; `also` names the fields of a version that others read."""
    return dated.versions(document, _limits, fields=f"{FIELDS} {also}")


def _limits(version: Node) -> Buckets:
    node = version.get(FIELDS)
    days = tuple(each.whole(0, DAYS_MAX) for each in node.items())
    if not days or len(days) > BUCKETS_MAX or list(days) != sorted(set(days)):
        node.refuse("value_wrong", f"1 to {BUCKETS_MAX} numbers of days are needed, rising")
    return days
