"""What a bill is looked at beside once its run is compared (同段比对): neighbours, and what changed since the run before.

All of it follows from first usages of the run and of the run before, as the route counted them: in whatever order usages,
closings and corrections come, a bill ends with the same findings. Pure.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import nsmallest
from typing import Any, Final

from services.billing.review.domain.subject import Beside, Peers, Subject

Key = tuple[str, str]
"""Route and cycle."""
NOTHING: Final[Mapping[Any, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A first usage that a route counted, beside the first usage of its point before; None where there was none.

    `contract_no`, `contract_from`: of the contract that covers it, None where none does.
    """

    key: Key
    service_point_no: str
    customer_class: str
    contract_no: str | None
    contract_from: date | None
    period_from: date
    period_to: date
    energy_wh: int
    before_wh: int | None
    before_days: int

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.period_to - self.period_from).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the bills of a run were calculated by: tariff versions (id, version, hash), policy and software by their hashes."""

    tariffs: frozenset[tuple[str, str, str]]
    policy: str
    software: str

    def changed_since(self, before: "Basis") -> tuple[str, ...]:
        """Return what is another than in the run before: a tariff that both have, the policy, the software."""
        old = {tariff_id for tariff_id, _, _ in before.tariffs}
        price = any(one[0] in old and one not in before.tariffs for one in self.tariffs)
        found = {"price": price, "policy": self.policy != before.policy, "software": self.software != before.software}
        return tuple(name for name, is_another in found.items() if is_another)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A run whose totals agree. `examined`: the run before agrees too, so that it is known what it is looked at beside.

    `seed`: drawn at random when the run was compared first, so that nobody knows before who is drawn; empty of older runs.
    `lots_to`: the highest lot that is drawn in any case, so that at least so many are; below 0: none is.
    """

    key: Key
    months: int
    basis: Basis
    examined: bool = False
    peers: Mapping[str, Peers] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    seed: str = ""
    lots_to: int = -1

    @property
    def before(self) -> Key:
        """Return the run before it."""
        return self.key[0], cycle_after(self.key[1], -self.months)

    def lot(self, service_point_no: str) -> int:
        """Return the lot of a point in the draw of the run."""
        return lot(self.key, service_point_no, self.seed)

    def lowest(self, service_point_nos: Iterable[str], count: int) -> int:
        """Return the highest of the so many lowest lots of points, below 0 where there is none, or the run has no seed."""
        return max(nsmallest(count, map(self.lot, service_point_nos)), default=-1) if self.seed else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs that were compared, and the first usages before, (Wh, days) by point and the day on which they ended.

    `first_cycle`: of all runs that were compared, the one with which the books were opened.
    """

    compared: Mapping[Key, Compared] = field(default_factory=lambda: NOTHING)
    before: Mapping[tuple[str, date], tuple[int, int]] = field(default_factory=lambda: NOTHING)
    first_cycle: str = ""

    def put_beside(self, bill: Subject, key: Key, service_point_no: str, period_from: date) -> None:
        """Put beside a bill what its run says of it, where that is known."""
        run = self.compared.get(key)
        if run is None:
            return
        bill.books_were_open = run.examined or began_later(bill.began, self.first_cycle)
        if not run.examined:
            return
        bill.run_changed = run.changed
        bill.lot = run.lot(service_point_no) if run.changed else 0
        bill.lots_to = run.lots_to if run.changed else -1
        before = self.before.get((service_point_no, period_from))
        if before is not None and run.peers:
            bill.beside = Beside(*before, run.peers)


def lot(key: Key, service_point_no: str, seed: str) -> int:
    """Return the lot of a point in the draw of a run, below 2⁶⁴: whoever draws it by its seed, and when, draws the same."""
    content = "\x1f".join((*key, service_point_no, *([seed] if seed else []))).encode()
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")


def cycle_after(cycle: str, months: int) -> str:
    """Return the cycle `YYYY-MM` so many months later."""
    month = int(cycle[:4]) * 12 + int(cycle[5:]) - 1 + months
    return f"{month // 12:04}-{month % 12 + 1:02}"


def began_later(began: date | None, first_cycle: str) -> bool:
    """Return whether a supply began after the first cycle of the books: it was not there when they were opened.

    Until that cycle has ended, customers are taken over day by day, as their routes are read.
    """
    return began is not None and bool(first_cycle) and f"{began:%Y-%m}" > first_cycle


def by_run(usages: Iterable[First]) -> dict[Key, list[First]]:
    """Return first usages by their run."""
    found: dict[Key, list[First]] = {}
    for one in usages:
        found.setdefault(one.key, []).append(one)
    return found


def ends_before(usages: Sequence[First]) -> dict[tuple[str, date], tuple[int, int]]:
    """Return what first usages have before them, by point and the day on which it ended."""
    return {
        (one.service_point_no, one.period_from): (one.before_wh, one.before_days)
        for one in usages
        if one.before_wh is not None
    }
