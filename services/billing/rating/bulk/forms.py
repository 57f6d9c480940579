"""Requests without their numbers: which requests can be rated as rows of the same columns, and the columns themselves."""

from collections.abc import Callable, Hashable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from services.billing.rating.rating_types import AccountSpan, Request
from services.billing.rating.tariff import names
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Tariff
from shared.arrays import Bools, Ints

Made = TypeVar("Made")
Form = tuple[Any, ...]
Key = tuple[str | int, ...]
"""Names a column: ("wh", part, quantity), ("used", ladder, period or "", tier), ("free", ladder), ("rest", quantity),
("demand", charge, month), ("va", fact), ("contract", fact), ("unit", fact, index), ("value", fact, name), ("amount", charge),
("curve", part, index) with a row of slots per bill.
"""

MISSING = -(2**63)
"""A missing slot of a curve column."""
COLUMN_MAX = 2**62


@dataclass(frozen=True, slots=True)
class Plan:
    """A form with the book. `request` is one request of the form: its dates and names count, its numbers are never read.

    What a rule decides by the form alone (pieces, limits, prices) is decided `once`, so that a second chunk pays nothing for it.
    """

    request: Request
    book: TariffBook
    keys: tuple[Key, ...]
    decided: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` returned, or raise what it refused, when it was first asked for under this key."""
        if key not in self.decided:
            try:
                self.decided[key] = make()
            except Refused as refused:
                self.decided[key] = refused
        found = self.decided[key]
        if isinstance(found, Refused):
            raise found
        made: Made = found
        return made


def plan(request: Request, book: TariffBook) -> Plan:
    """Make the plan of all requests that have the form of this one."""
    return Plan(request, book, tuple(key for key, _ in _numbers(request)))


@lru_cache(maxsize=4)  # a book is rated with many times before the next one is loaded
def people_marks(book: TariffBook) -> tuple[int, ...]:
    """Return the numbers of people at which any rule of the book changes."""
    marks: set[int] = set()
    for versions in book.versions.values():
        for tariff in versions:
            marks |= _marks(tariff)
    return tuple(sorted(marks))


@lru_cache(maxsize=4)
def form_figures(book: TariffBook) -> frozenset[str]:
    """Return the accounts' figures that are part of a form, for few values of them are in use: standards, free kWh."""
    tariffs = [tariff for versions in book.versions.values() for tariff in versions]
    return frozenset[str]().union(*(names.standards(tariff).keys() | names.free_kwh(tariff) for tariff in tariffs))


def _marks(tariff: Tariff) -> set[int]:
    found = {m for c in tariff.conditions for m in (c.people_from, c.people_below) if m is not None}
    return found | {x.household.from_people for x in tariff.ladders.values() if x.household}


def form_of(request: Request, marks: Sequence[int], figures: Set[str] = frozenset()) -> Form:
    """Return the form of a request: requests of equal forms differ in numbers alone.

    Days more than two years back all count as one (nothing looks further back), so do the days of the month in which an
    account was opened (quota comes by months), and people by the marks that they reach. `figures`: those of accounts that are
    no numbers here.
    """
    r = request
    first = date(min(r.from_.year, r.read_day.year, *(m.year for m in r.bill_months)) - 2, 1, 1)
    parts = tuple(
        (p.from_, p.to, tuple(p.wh), tuple((c.quantity, c.start, c.minutes, len(c.wh)) for c in p.curves))
        for p in r.usage
    )
    opened = r.opened or (r.facts[0].from_ if r.facts else r.from_)
    return (
        r.tariff, r.from_, r.to, r.read_day, r.bill_months, r.month, r.supplied, r.cycles,
        max(opened, first).replace(day=1), r.opened is None,
        parts, _facts_form(r.facts, first, r.from_, marks, figures), _state_form(r.state),
        tuple((k, v.den) for k, v in r.amounts.items()),
    )  # fmt: skip


def _facts_form(
    facts: Sequence[AccountSpan], first: date, cycle: date, marks: Sequence[int], figures: Set[str]
) -> Form:
    out = []
    before: AccountSpan | None = None
    for fact in facts:
        start = max(fact.from_, first)
        if before is None and start <= cycle and fact.tariff is None and not fact.equipment:
            start = start.replace(day=1)
        out.append((
            start, fact.to and max(fact.to, first), fact.class_,
            sum(m <= fact.people for m in marks), fact.households, fact.option, fact.tariff,
            fact.capacity_va is None, fact.contract_demand_w is None,
            tuple((e.name, e.state) for e in fact.equipment),
            tuple((k, v.den, v.num if k in figures else 0) for k, v in fact.values.items()), fact.exempt,
            before is None or (before.to == fact.from_, same_power(before, fact), same_values(before, fact)),
        ))  # fmt: skip
        before = fact
    return tuple(out)


def same_power(before: AccountSpan, after: AccountSpan) -> bool:
    """Return whether capacity, contract demand and equipment stay as they were."""
    return (
        before.capacity_va == after.capacity_va
        and before.contract_demand_w == after.contract_demand_w
        and before.equipment == after.equipment
    )


def same_values(before: AccountSpan, after: AccountSpan) -> bool:
    """Return whether the named values stay as they were."""
    return dict(before.values) == dict(after.values)


def _state_form(state: Any) -> Form:
    if state is None:
        return ()
    ladders = []
    for name, entry in (state.get("ladders") or {}).items():
        used = entry["used_wh"]
        kind = tuple((p, len(v)) for p, v in used.items()) if isinstance(used, dict) else len(used)
        if not isinstance(entry["year"], int):
            raise TypeError("a year is a whole number")
        ladders.append((name, entry["year"], entry.get("version", ""), kind))
    return (
        tuple(ladders),
        tuple((name, entry["year"]) for name, entry in (state.get("free") or {}).items()),
        tuple(state.get("rest_wh") or ()),
        tuple((name, tuple(history)) for name, history in (state.get("demand_w") or {}).items()),
    )


def _numbers(request: Request) -> Iterator[tuple[Key, int]]:
    """Yield every number of a request, in an order that its form decides."""
    for i, part in enumerate(request.usage):
        for name, wh in part.wh.items():
            yield ("wh", i, name), wh
    for i, fact in enumerate(request.facts):
        yield ("va", i), fact.capacity_va or 0
        yield ("contract", i), fact.contract_demand_w or 0
        for j, unit in enumerate(fact.equipment):
            yield ("unit", i, j), unit.capacity_va
        for name, value in fact.values.items():
            yield ("value", i, name), value.num
    for name, amount in request.amounts.items():
        yield ("amount", name), amount.num
    yield from _state_numbers(request.state or {})


def _state_numbers(state: Any) -> Iterator[tuple[Key, int]]:
    for name, entry in (state.get("ladders") or {}).items():
        used = entry["used_wh"]
        for period, tiers in used.items() if isinstance(used, dict) else [("", used)]:
            for tier, wh in enumerate(tiers):
                yield ("used", name, period, tier), wh
    for name, entry in (state.get("free") or {}).items():
        yield ("free", name), entry["used_wh"]
    for name, wh in (state.get("rest_wh") or {}).items():
        yield ("rest", name), wh
    for name, history in (state.get("demand_w") or {}).items():
        for month, watts in history.items():
            yield ("demand", name, month), watts


def columns(plan: Plan, requests: Sequence[Request]) -> tuple[dict[Key, Ints], Bools]:
    """Return the columns of requests of one form, and the rows whose numbers no column can hold."""
    apart = np.zeros(len(requests), dtype=np.bool_)
    rows = [[number for _, number in _numbers(request)] for request in requests]
    for index, row in enumerate(rows):
        if not all(isinstance(number, int) and -COLUMN_MAX < number < COLUMN_MAX for number in row):
            apart[index], rows[index] = True, [0] * len(row)
    table = np.array(rows, dtype=np.int64).reshape(len(requests), len(plan.keys)).T.copy()
    out: dict[Key, Ints] = dict(zip(plan.keys, table, strict=True))
    for i, part in enumerate(plan.request.usage):
        for j in range(len(part.curves)):
            out["curve", i, j] = _curves([r.usage[i].curves[j].wh for r in requests], apart)
    return out, apart


def _curves(curves: Sequence[Sequence[int | None]], apart: Bools) -> Ints:
    table = np.zeros((len(curves), len(curves[0])), dtype=np.int64)
    for index, curve in enumerate(curves):
        if any(wh is not None and not -COLUMN_MAX < wh < COLUMN_MAX for wh in curve):
            apart[index] = True
        else:
            table[index] = [MISSING if wh is None else wh for wh in curve]
    return table
