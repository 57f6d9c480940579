"""The power factor adjustment (力调电费) as columns."""

from functools import lru_cache
from math import isqrt, lcm
from typing import Final

import numpy as np

from services.billing.rating.bulk.segments import Piece
from services.billing.rating.bulk.work import Work, as_addends
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import FactorStep, PowerFactor
from shared.arrays import Ints
from shared.exact import Exact

_SHIFT: Final = 20
_REACTIVE_MAX: Final = 2 ** (62 - _SHIFT)


def add(work: Work, piece: Piece, charge: PowerFactor) -> None:
    """Add the adjustment: a percentage of the named charges; none without active energy."""
    rows = work.rows
    active = work.sum_of_pieces(piece, charge.active)
    reactive = work.sum_of_pieces(piece, charge.reactive)
    idle = active.v <= 0
    work.note(idle, "no_active_energy", f"/usage/{charge.active}")
    cos = hundredths(np.where(idle, 1, active.v), np.where(idle, 0, reactive.v), charge.cos_phi)
    percents, den = work.plan.once(
        ("percents", piece.index, id(charge)), lambda: _percents(charge, _standard(work, piece, charge))
    )
    percent = rows.read(np.where(idle, 0, percents[cos]))
    on = work.base(piece, charge.on, charge.of)
    total, base_den = work.add_up(on)
    work.add_value(
        charge, "power_factor", piece, rows.product(total, percent), base_den * den * 100, quantity=cos * 10, unit="cos φ",
        price=Exact(1, den * 100), price_num=percent.v, on=as_addends(on),
    )  # fmt: skip


def hundredths(active: Ints, reactive: Ints, mode: str = "half_up") -> Ints:
    """Return cos φ in hundredths for active > 0: how many of 0.005, 0.015 … (down: 0.01, 0.02 …) it reaches.

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


def _standard(work: Work, piece: Piece, charge: PowerFactor) -> int:
    """Return the standard of all accounts of a form: such a figure is part of the form."""
    own = work.plan.request.facts[piece.fact].values.get(charge.fact)
    if own is None:
        return charge.standard
    points, rest = divmod(own.num * 100, own.den)
    if rest or points not in charge.rewards:
        raise Refused("fact_wrong", f"/account/values/{charge.fact}")
    return points


def _percents(charge: PowerFactor, standard: int) -> tuple[Ints, int]:
    """Return the percentage of each number of hundredths, 0 … 100, over a common denominator; rewards are below zero."""
    found = [_percent(charge, standard, hundredth) for hundredth in range(101)]
    den = lcm(*(p.den for p in found))
    return np.array([p.num * (den // p.den) for p in found], dtype=np.int64), den


def _percent(charge: PowerFactor, standard: int, hundredth: int) -> Exact:
    points = standard - hundredth
    steps: tuple[FactorStep, ...] = charge.penalty if points > 0 else charge.rewards[standard]
    total = Exact(0, 1)
    reached = 0
    for step in steps:
        top = abs(points) if step.to_points is None else min(step.to_points, abs(points))
        each = step.percent_per_point
        total = total.plus(Exact(each.num * max(top - reached, 0), each.den))
        reached = max(reached, top)
    return Exact(total.num if points > 0 else -total.num, total.den).reduced()
