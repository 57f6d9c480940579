"""Rotation (轮换): nobody reads a route for too long. Who should change with whom is proposed; a person decides. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A route, who reads it, and how many of its last cycles in a row that person was assigned to read."""

    route_no: str
    org_unit: str
    reader: str
    cycles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A route whose reader has had it for too long, and the route whose reader should change with that one.

    `other_route_no` is none where the org unit has no other reader to change with.
    """

    route_no: str
    org_unit: str
    reader: str
    cycles: int
    other_route_no: str | None
    other_reader: str | None


def in_a_row(read_dates: Sequence[date], readers: Mapping[date, str | None], reader: str) -> int:
    """Return for how many of the last read dates, in order, a reader was assigned without another one in between."""
    count = 0
    for day in reversed(read_dates):
        if readers.get(day) != reader:
            break
        count += 1
    return count


def propose(held: Sequence[Held], cycles_max: int) -> list[Change]:
    """Propose changes within each org unit: who is due changes with another reader, first with one that is due as well.

    Each route is in one change at most; routes are taken by their numbers, partners by what they are due, then by numbers.
    """
    changes: list[Change] = []
    taken: set[str] = set()
    for route in sorted(held, key=lambda each: each.route_no):
        if route.cycles < cycles_max or route.route_no in taken:
            continue
        others = [
            each
            for each in held
            if each.org_unit == route.org_unit and each.reader != route.reader and each.route_no not in taken
        ]
        other = min(others, key=lambda each: (-each.cycles, each.route_no), default=None)
        taken |= {route.route_no} | ({other.route_no} if other else set())
        changes.append(
            Change(
                route_no=route.route_no,
                org_unit=route.org_unit,
                reader=route.reader,
                cycles=route.cycles,
                other_route_no=other.route_no if other else None,
                other_reader=other.reader if other else None,
            )
        )
    return changes


def hash_of(org_unit: str, day: date, changes: Sequence[Change]) -> str:
    """Return the hash of a proposal as it is decided on."""
    said = [org_unit, str(day), [asdict(each) for each in changes]]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
