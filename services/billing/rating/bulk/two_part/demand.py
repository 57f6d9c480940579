"""The demand charge (需量电费) as columns."""

import numpy as np

from services.billing.rating.bulk import curves
from services.billing.rating.bulk.segments import Piece
from services.billing.rating.bulk.two_part import capacity
from services.billing.rating.bulk.two_part.months import spans_of
from services.billing.rating.bulk.work import Work
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Demand
from shared.arrays import Bools, Col
from shared.exact import ONE, Exact


def add(work: Work, piece: Piece, charge: Demand) -> None:
    """Add the demand charge by contract or measured demand; what is over the tolerance pays once more."""
    rows = work.rows
    price = work.price(piece, charge.price)
    measured = _measured(work, piece, charge)
    prices = [(price, np.ones(rows.n, dtype=np.bool_))]
    if charge.discount_wh_per_kva is not None and charge.discount_pays is not None:
        less = _is_discounted(work, piece, charge, charge.discount_wh_per_kva)
        prices = [(price, ~less), (price.times(charge.discount_pays).reduced(), less)]
    for span in spans_of(work, piece, charge.month, charge.last_part):
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
    """Return which rows used so many kWh per kVA and month (每千伏安 260 千瓦时)."""
    rows = work.rows
    used = rows.times(work.sum_of_pieces(piece, charge.discount_quantity), 1000)
    needed = rows.times(capacity.whole_va(work, piece.fact), wh_per_kva * len(work.plan.request.bill_months))
    return used.v >= needed.v


def _billed(work: Work, charge: Demand, fact: int, measured: Col) -> tuple[Col, Col | None]:
    """Return W that are billed, and W above the tolerance. Every share is rounded to 1 W."""
    rows = work.rows
    floor = rows.constant(0)
    if charge.floor_share is not None:
        floor = _share(work, capacity.whole_va(work, fact), charge.floor_share)
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
