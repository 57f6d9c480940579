"""The capacity charge (容量电费)."""

from services.billing.rating.rating_types import AccountSpan, Equipment
from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.reference.prices import resolve
from services.billing.rating.reference.two_part.months import MonthPart, month_parts
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Capacity
from shared.exact import ONE, Exact


def add(frame: Frame, segment: Segment, charge: Capacity) -> None:
    """Add the capacity charge: kVA × price × share of the equipment's state × months."""
    price = resolve(charge.price, frame, segment)
    for part in month_parts(frame, segment, charge.month, charge.last_part):
        for share, va in _by_share(frame, charge, part):
            factors = tuple(f for f in (share, part.months) if f != ONE)
            exact = Exact(va * price.num * share.num * part.months.num, 1000 * price.den * share.den * part.months.den)
            frame.add(
                segment, charge, "capacity", exact, quantity=va, unit="kVA", price=price, factors=factors,
                span=(part.from_, part.to),
            )  # fmt: skip


def whole_va(fact: AccountSpan) -> int | None:
    """Return the whole capacity in VA: of the equipment, else as stated."""
    if fact.equipment:
        return sum(e.capacity_va for e in fact.equipment)
    return fact.capacity_va


def _by_share(frame: Frame, charge: Capacity, part: MonthPart) -> list[tuple[Exact, int]]:
    """Return the capacity by the share that its state pays (热备用 pays, 封停 does not), in the order of the equipment."""
    whole = whole_va(part.fact)
    if whole is None:
        raise Refused("capacity_missing", "/account/capacity_kva")
    sums: dict[Exact, int] = {}
    for unit in part.fact.equipment or (Equipment("", whole),):
        state = unit.state
        if state == "suspended" and _suspended_days(frame, part, unit) < charge.suspension_days:
            state = "running"
        share = charge.state_share.get(state)
        if share is None:
            raise Refused("fact_missing", f"/account/equipment/{unit.name}/state", state)
        sums[share] = sums.get(share, 0) + unit.capacity_va
    return [(share, va) for share, va in sums.items() if share.num]


def _suspended_days(frame: Frame, part: MonthPart, unit: Equipment) -> int:
    """Return how long the equipment is suspended without a break around a part; an open end counts as long."""
    first = last = part.fact
    facts = frame.request.facts
    index = facts.index(part.fact)
    for fact in reversed(facts[:index]):
        if not any(e.name == unit.name and e.state == "suspended" for e in fact.equipment):
            break
        first = fact
    for fact in facts[index + 1 :]:
        if not any(e.name == unit.name and e.state == "suspended" for e in fact.equipment):
            break
        last = fact
    return 10**6 if last.to is None else (last.to - first.from_).days
