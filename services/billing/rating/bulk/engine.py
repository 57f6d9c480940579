"""The bulk implementation: the bills of one form, columns in and columns out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.billing.rating.bulk import kwh, ladders, other, quantities
from services.billing.rating.bulk.forms import Key, Plan
from services.billing.rating.bulk.segments import Piece, meets, unread
from services.billing.rating.bulk.two_part import capacity, demand, power_factor
from services.billing.rating.bulk.work import LadderState, LineColumn, Note, Work
from services.billing.rating.tariff.model import (
    Capacity,
    Credit,
    Demand,
    Energy,
    Fixed,
    Given,
    Minimum,
    Percent,
    PowerFactor,
    Tiered,
)
from shared.arrays import Bools, Col, Ints
from shared.errors import Refused

MAKE: Mapping[type, Callable[[Work, Piece, Any], None]] = {
    Energy: kwh.energy,
    Tiered: kwh.tiered,
    Credit: kwh.credit,
    Capacity: capacity.add,
    Demand: demand.add,
    PowerFactor: power_factor.add,
    Fixed: other.fixed,
    Percent: other.percent,
    Minimum: other.minimum,
    Given: other.given,
}
ONCE = (PowerFactor, Percent, Minimum, Given)
"""Charges on the whole bill of a tariff: they stand in its last piece."""


@dataclass(frozen=True, slots=True)
class Rated:
    """The bills of a group as columns. Rows of `apart` are left to the reference, `refused` rows have a code instead of a bill;
    in both the other columns mean nothing. State columns: Wh by ladder, period ("" without own limits) and tier.
    """

    n: int
    pieces: tuple[Piece, ...]
    lines: tuple[LineColumn, ...]
    total_fen: Col
    tax_fen: Col | None
    ladders: Mapping[str, LadderState]
    free: Mapping[str, tuple[Ints, Col]]
    rest_wh: Mapping[str, Col]
    demand_w: Mapping[str, Mapping[str, Col]]
    quantities: Mapping[str, Col]
    findings: tuple[Note, ...]
    unpriced_wh: Col
    apart: Bools
    refused: tuple[tuple[Bools, Refused], ...]
    limits: Mapping[str, tuple[int, ...]]


def rate_columns(plan: Plan, columns: Mapping[Key, Ints], n: int) -> Rated:
    """Rate `n` bills of one form.

    Raises Refused where no bill of the form can be rated, Unsupported where a rule is left to the reference.
    """
    work = Work(plan, columns, n)
    for day, _ in unread(plan.request, work.pieces):
        work.note(np.ones(n, dtype=np.bool_), "read_missing_at_change", "/usage", day.isoformat())
    for piece in work.pieces:
        quantities.fill(work, piece)
    for piece in work.pieces:
        for ladder in piece.tariff.ladders.values():
            ladders.climb(work, piece, ladder)
        fact = plan.request.facts[piece.fact]
        charges = [charge for charge in piece.tariff.charges if meets(charge.applies, fact)]
        if not charges:
            work.note(np.ones(n, dtype=np.bool_), "no_charge_applies", f"/account/{piece.fact}")
        if piece.tariff.prices_kwh and not any(charge.prices_kwh for charge in charges):
            mine = work.of[piece.index]
            mine.unpriced = mine.q.get("import")
        for charge in charges:
            if piece.closes or not isinstance(charge, ONCE):
                MAKE[type(charge)](work, piece, charge)
    total, tax = other.totals(work)
    apart = work.rows.apart
    return Rated(
        n, tuple(work.pieces), tuple(work.lines), total, tax, work.ladders, work.free, work.rest_wh, work.demand_w,
        _all_quantities(work), tuple(work.findings), _unpriced(work), np.zeros(n, dtype=np.bool_) if apart is None else apart,
        tuple(work.rows.refused), work.limits,
    )  # fmt: skip


def _unpriced(work: Work) -> Col:
    parts = [own.unpriced for own in work.of if own.unpriced is not None]
    return work.rows.total([Col(abs(part.v), 0, part.size) for part in parts])


def _all_quantities(work: Work) -> dict[str, Col]:
    out: dict[str, Col] = dict(work.of[0].q)
    if len(work.pieces) == 1:
        return out
    out = {name: work.rows.at_least_zero(c) if name.startswith("demand") else c for name, c in out.items()}
    for own in work.of[1:]:
        for name, col in own.q.items():
            if name.startswith("demand"):
                out[name] = work.rows.most(out.get(name, work.rows.constant(0)), col)
            else:
                out[name] = work.rows.plus(out[name], col) if name in out else col
    return out
