"""Who is to read a route (抄表员), who is to inspect it (用电检查员), and who does it instead (代班), by dates. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from services.reading.policies.domain import Role

READER: Final = "reader"
ROLES: Final = get_args(Role)
Kind = Literal["assigned", "route_deputy", "person_deputy"]
ASSIGNED: Final = "assigned"
ROUTE_DEPUTY: Final = "route_deputy"
PERSON_DEPUTY: Final = "person_deputy"
"""Whose a route is; who does it instead on this route; who does it instead of a person, on all routes that are that person's."""
SEPARATOR: Final = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """From a day to another, half-open, `subject` has a role on a route, or instead of a person (`of_no`).

    Without `to` it has no end. One that ends on its first day never was.
    """

    kind: str
    of_no: str
    role: str
    from_: date
    to: date | None
    subject: str
    org_unit: str

    @property
    def assignment_id(self) -> str:
        """What it is found by: everything but who it is, and to when."""
        return SEPARATOR.join((self.kind, self.of_no, self.role, str(self.from_)))

    @property
    def place(self) -> tuple[str, str, str]:
        """What only one person has on a day."""
        return self.kind, self.of_no, self.role

    def holds_on(self, day: date) -> bool:
        """Return whether it holds on a day."""
        return self.from_ <= day and (self.to is None or day < self.to)

    def shares_a_day(self, other: "Assignment") -> bool:
        """Return whether a day lies in both."""
        return self._begins_within(other) or other._begins_within(self)

    def _begins_within(self, other: "Assignment") -> bool:
        return other.holds_on(self.from_) and (self.to is None or self.from_ < self.to)


def overlapping(there: Iterable[Assignment], wanted: Iterable[Assignment]) -> set[str]:
    """Return the ids of what is wanted that cannot be, because somebody else has the place on one of its days.

    `there`: all that is there of the places. What replaces one that is there counts instead of it, unless it cannot be itself:
    so the order within a batch decides nothing.
    """
    old = {each.assignment_id: each for each in there}
    new = {each.assignment_id: each for each in wanted}
    refused: set[str] = set()
    while clashing := _clashing(
        old | {no: each for no, each in new.items() if no not in refused}, new.keys() - refused
    ):
        refused |= clashing
    return refused


def _clashing(together: Mapping[str, Assignment], wanted: Iterable[str]) -> set[str]:
    places: dict[tuple[str, str, str], list[Assignment]] = {}
    for each in together.values():
        places.setdefault(each.place, []).append(each)
    return {
        no
        for no in wanted
        if any(other.assignment_id != no and other.shares_a_day(together[no]) for other in places[together[no].place])
    }


def first_day_changed(new: Assignment, old: Assignment | None) -> date | None:
    """Return the first day on which another person is assigned than before; None where there is none."""
    if old is None or (old.subject, old.org_unit) != (new.subject, new.org_unit):
        return None if new.to == new.from_ and old is None else new.from_
    if new.to == old.to:
        return None
    return min(each for each in (new.to, old.to) if each is not None)
