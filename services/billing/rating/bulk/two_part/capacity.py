"""The capacity charge (容量电费) as columns."""

from typing import Final

from services.billing.rating.bulk.segments import Piece
from services.billing.rating.bulk.two_part.months import spans_of
from services.billing.rating.bulk.work import Work
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Capacity
from shared.arrays import Col
from shared.exact import ONE, Exact

LONG: Final = 10**6
"""Days of a suspension without a known end."""


def add(work: Work, piece: Piece, charge: Capacity) -> None:
    """Add kVA × price × share of the equipment's state × months."""
    price = work.price(piece, charge.price)
    for span in spans_of(work, piece, charge.month, charge.last_part):
        for share, va in _by_share_of_state(work, charge, span.fact).items():
            factors = tuple(f for f in (share, span.months) if f != ONE)
            work.add(charge, "capacity", piece, va, price, unit="kVA", factors=factors, span=(span.from_, span.to))


def whole_va(work: Work, fact: int) -> Col:
    """Return the whole capacity in VA: of the equipment, else as stated."""
    stated = work.plan.request.facts[fact]
    if stated.equipment:
        return work.rows.total([work.take("unit", fact, i) for i in range(len(stated.equipment))])
    if stated.capacity_va is None:
        raise Refused("capacity_missing", "/account/capacity_kva")
    return work.take("va", fact)


def _by_share_of_state(work: Work, charge: Capacity, fact: int) -> dict[Exact, Col]:
    equipment = work.plan.request.facts[fact].equipment
    if not equipment:
        states = [("running", whole_va(work, fact))]
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
    """Return the length of the unbroken suspension of a unit around a fact."""
    facts = work.plan.request.facts
    idle = [any(e.name == unit and e.state == "suspended" for e in f.equipment) for f in facts]
    first, last = fact, fact
    while first > 0 and idle[first - 1]:
        first -= 1
    while last + 1 < len(facts) and idle[last + 1]:
        last += 1
    end = facts[last].to
    return LONG if end is None else (end - facts[first].from_).days
