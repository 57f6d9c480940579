"""Two-part tariffs (两部制) as columns: capacity, demand, power factor."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from math import isqrt, lcm
from typing import Final

import numpy as np

from services.billing.rating.bulk import curves
from services.billing.rating.bulk.forms import same_power
from services.billing.rating.bulk.segments import Piece, fact_at
from services.billing.rating.bulk.work import Work, as_addends
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Capacity, Demand, FactorStep, PowerFactor
from shared.arrays import Bools, Col, Ints
from shared.exact import ONE, Exact

LONG: Final = 10**6
"""Days of a suspension without a known end."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days of the cycle in which the capacity does not change; `fact` is an index; `months` is what they count as."""

    from_: date
    to: date
    fact: int
    months: Exact


def _spans(work: Work, month: str, last_part: str) -> list[Span]:
    return work.plan.once(("spans", month, last_part), lambda: _cut(work, month, last_part))


def _cut(work: Work, month: str, last_part: str) -> list[Span]:
    """Cut where capacity or piece changes. Thirtieths: days ÷ 30, the last span the rest of the month where the document
    says so. Calendar days: days ÷ days of the whole regular cycle. An unbroken whole cycle is its months.
    """
    r = work.plan.request
    whole_from, whole_to = r.month or (r.from_, r.to)
    count = len(r.bill_months)
    pieces_at = {p.from_ for p in work.pieces}
    powers_at = {b.from_ for a, b in pairwise(r.facts) if not same_power(a, b)}
    inner = sorted(d for d in pieces_at | powers_at if r.from_ < d < r.to)
    if not inner and (whole_from, whole_to) == (r.from_, r.to):
        return [Span(r.from_, r.to, _fact(work, r.from_), Exact(count, 1))]
    out = []
    for from_, to in pairwise([r.from_, *inner, r.to]):
        days = (to - from_).days
        if month == "calendar_days":
            months = Exact(days * count, (whole_to - whole_from).days)
        elif last_part == "rest_of_month" and to == whole_to:
            months = Exact(30 * count - (from_ - whole_from).days, 30)
        else:
            months = Exact(days, 30)
        out.append(Span(from_, to, _fact(work, from_), months))
    return out


def _fact(work: Work, day: date) -> int:
    index = fact_at(work.plan.request.facts, day)
    if index is None:
        raise Refused("facts_gap", "/account", day.isoformat())
    return index


def _within(piece: Piece, spans: list[Span]) -> list[Span]:
    return [s for s in spans if piece.from_ <= s.from_ < piece.to]


def _volt_amperes(work: Work, fact: int) -> Col:
    """The whole capacity: of the equipment, else as stated."""
    stated = work.plan.request.facts[fact]
    if stated.equipment:
        return work.rows.total([work.take("unit", fact, i) for i in range(len(stated.equipment))])
    if stated.capacity_va is None:
        raise Refused("capacity_missing", "/account/capacity_kva")
    return work.take("va", fact)


# --- capacity


def capacity(work: Work, piece: Piece, charge: Capacity) -> None:
    """Add kVA × price × share of the equipment's state × months."""
    price = work.price(piece, charge.price)
    for span in _within(piece, _spans(work, charge.month, charge.last_part)):
        for share, va in _by_share_of_state(work, charge, span.fact).items():
            factors = tuple(f for f in (share, span.months) if f != ONE)
            work.add(charge, "capacity", piece, va, price, unit="kVA", factors=factors, span=(span.from_, span.to))


def _by_share_of_state(work: Work, charge: Capacity, fact: int) -> dict[Exact, Col]:
    equipment = work.plan.request.facts[fact].equipment
    if not equipment:
        states = [("running", _volt_amperes(work, fact))]
    else:
        states = []
        for i, unit in enumerate(equipment):
            short = unit.state == "suspended" and _suspended_days(work, fact, unit.name) < charge.suspension_days
            states.append(("running" if short else unit.state, work.take("unit", fact, i)))
    sums: dict[Exact, Col] = {}
    for state, va in states:
        share = charge.state_share.get(state)
        if share is None:
            raise Refused("fact_missing", "/account/equipment", state)
        sums[share] = work.rows.plus(sums[share], va) if share in sums else va
    return {share: va for share, va in sums.items() if share.num}


def _suspended_days(work: Work, fact: int, unit: str) -> int:
    """The length of the unbroken suspension of a unit around a fact."""
    facts = work.plan.request.facts
    idle = [any(e.name == unit and e.state == "suspended" for e in f.equipment) for f in facts]
    first, last = fact, fact
    while first > 0 and idle[first - 1]:
        first -= 1
    while last + 1 < len(facts) and idle[last + 1]:
        last += 1
    end = facts[last].to
    return LONG if end is None else (end - facts[first].from_).days


# --- demand


def demand(work: Work, piece: Piece, charge: Demand) -> None:
    """Add the demand charge by contract or measured demand; what is over the tolerance pays once more."""
    rows = work.rows
    price = work.price(piece, charge.price)
    measured = _measured(work, piece, charge)
    prices = [(price, np.ones(rows.n, dtype=np.bool_))]
    if charge.discount_wh_per_kva is not None and charge.discount_pays is not None:
        less = _is_discounted(work, piece, charge, charge.discount_wh_per_kva)
        prices = [(price, ~less), (price.times(charge.discount_pays).reduced(), less)]
    for span in _within(piece, _spans(work, charge.month, charge.last_part)):
        billed, over = _billed(work, charge, span.fact, measured)
        months = () if span.months == ONE else (span.months,)
        parts = [(billed, months)]
        if over is not None and charge.over_times is not None:
            again = Exact(charge.over_times.num - charge.over_times.den, charge.over_times.den).reduced()
            parts.append((over, months if again == ONE else (*months, again)))
        for watts, factors in parts:
            for unit, mask in prices:
                work.add(charge, "demand", piece, rows.only(mask, watts), unit, unit="kW", factors=factors,
                         span=(span.from_, span.to))  # fmt: skip
    if charge.ratchet_months and piece.closes:
        month = work.plan.request.bill_months[-1].strftime("%Y-%m")
        history = {**work.demand_w.get(charge.name, {}), month: measured}
        work.demand_w[charge.name] = {k: history[k] for k in sorted(history)[-charge.ratchet_months :]}


def _measured(work: Work, piece: Piece, charge: Demand) -> Col:
    found: Col | None = None
    for part in work.same_tariff(piece):
        if charge.curve is not None:
            here = curves.highest_mean(work, part, charge.curve)
        else:
            here = work.need(part, charge.measured)
        found = here if found is None else work.rows.most(found, here)
    assert found is not None
    return found


def _is_discounted(work: Work, piece: Piece, charge: Demand, wh_per_kva: int) -> Bools:
    """From so many kWh per kVA and month on (每千伏安 260 千瓦时)."""
    rows = work.rows
    used = rows.times(work.sum_of_pieces(piece, charge.discount_quantity), 1000)
    needed = rows.times(_volt_amperes(work, piece.fact), wh_per_kva * len(work.plan.request.bill_months))
    return used.v >= needed.v


def _billed(work: Work, charge: Demand, fact: int, measured: Col) -> tuple[Col, Col | None]:
    """W that are billed, and W above the tolerance. Every share is rounded to 1 W."""
    rows = work.rows
    floor = rows.constant(0)
    if charge.floor_share is not None:
        floor = _share(work, _volt_amperes(work, fact), charge.floor_share)
    if charge.ratchet_share is not None:
        history = work.demand_w.get(charge.name)
        if history is None:
            raise Refused("demand_history_missing", f"/state/demand_w/{charge.name}")
        months = list(history.values())
        highest = months[0] if months else rows.constant(0)
        for watts in months[1:]:
            highest = rows.most(highest, watts)
        floor = rows.most(floor, _share(work, highest, charge.ratchet_share))
    if charge.basis == "actual":
        return rows.most(measured, floor), None
    if work.plan.request.facts[fact].contract_demand_w is None:
        raise Refused("contract_demand_missing", "/account/contract_demand_kw")
    contract = rows.most(work.take("contract", fact), floor)
    if charge.over_from is None:
        return rows.most(contract, measured), None
    tolerated = _share(work, contract, charge.over_from)
    above = measured.v > tolerated.v
    return rows.choose(above, measured, contract), rows.only(above, rows.minus(measured, tolerated))


def _share(work: Work, watts: Col, share: Exact) -> Col:
    return work.rows.divide(work.rows.times(watts, share.num), share.den, "half_up")


# --- power factor

_SHIFT: Final = 20
_REACTIVE_MAX: Final = 2 ** (62 - _SHIFT)


def hundredths(active: Ints, reactive: Ints, mode: str = "half_up") -> Ints:
    """Give cos φ in hundredths for active > 0: how many of 0.005, 0.015 … (down: 0.01, 0.02 …) it reaches.

    cos φ ≥ m ÷ 200 where R ÷ A ≤ √(40000 − m²) ÷ m. R ÷ A is compared with 20 binary places; what lies on a border to
    that precision, and what is too large for it, is decided exactly, one by one.
    """
    size = np.abs(reactive)
    large = size >= _REACTIVE_MAX
    ratio = (size % _REACTIVE_MAX << _SHIFT) // active
    first = 1 if mode == "half_up" else 2
    borders = _borders(first)
    # borders rise: a ratio that is not above the border of m reaches m
    reached = len(borders) - np.searchsorted(borders, ratio, side="left")
    unclear = large | np.isin(ratio, borders)
    out = reached.astype(np.int64)
    for i in np.flatnonzero(unclear).tolist():
        out[i] = _exactly(int(active[i]), int(reactive[i]), first)
    return out


@lru_cache(maxsize=2)
def _borders(first: int) -> Ints:
    marks = range(198 + first, 0, -2)
    return np.array([isqrt((40000 - m * m << 2 * _SHIFT) // (m * m)) for m in marks], dtype=np.int64)


def _exactly(active: int, reactive: int, first: int) -> int:
    squares = active * active + reactive * reactive
    reached = 0
    while (2 * reached + first) ** 2 * squares <= 40000 * active * active:
        reached += 1
    return reached


def _percents(charge: PowerFactor) -> tuple[Ints, int]:
    """The percentage of each number of hundredths, 0 … 100, over a common denominator; rewards are below zero."""
    found = [_percent(charge, hundredth) for hundredth in range(101)]
    den = lcm(*(p.den for p in found))
    return np.array([p.num * (den // p.den) for p in found], dtype=np.int64), den


def _percent(charge: PowerFactor, hundredth: int) -> Exact:
    points = charge.standard - hundredth
    steps: tuple[FactorStep, ...] = charge.penalty if points > 0 else charge.reward
    total = Exact(0, 1)
    reached = 0
    for step in steps:
        top = abs(points) if step.to_points is None else min(step.to_points, abs(points))
        each = step.percent_per_point
        total = total.plus(Exact(each.num * max(top - reached, 0), each.den))
        reached = max(reached, top)
    return Exact(total.num if points > 0 else -total.num, total.den).reduced()


def power_factor(work: Work, piece: Piece, charge: PowerFactor) -> None:
    """Add the adjustment (力调电费): a percentage of the named charges; none without active energy."""
    rows = work.rows
    active = work.sum_of_pieces(piece, charge.active)
    reactive = work.sum_of_pieces(piece, charge.reactive)
    idle = active.v <= 0
    work.note(idle, "no_active_energy", f"/usage/{charge.active}")
    cos = hundredths(np.where(idle, 1, active.v), np.where(idle, 0, reactive.v), charge.cos_phi)
    percents, den = work.plan.once(("percents", id(charge)), lambda: _percents(charge))
    percent = rows.read(np.where(idle, 0, percents[cos]))
    on = work.base(piece, charge.on, charge.of)
    total, base_den = work.add_up(on)
    work.add_value(
        charge, "power_factor", piece, rows.product(total, percent), base_den * den * 100, quantity=cos * 10, unit="cos φ",
        price=Exact(1, den * 100), price_num=percent.v, on=as_addends(on),
    )  # fmt: skip
