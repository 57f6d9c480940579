"""The demand charge (需量电费)."""

from services.billing.rating.rating_types import AccountSpan
from services.billing.rating.reference import curves
from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.reference.prices import resolve
from services.billing.rating.reference.quantities import need
from services.billing.rating.reference.two_part import capacity
from services.billing.rating.reference.two_part.months import month_parts
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Demand
from shared.exact import ONE, Exact, divide


def add(frame: Frame, segment: Segment, charge: Demand) -> None:
    """Add the demand charge, by contract or by the measured demand.

    By contract: what is contracted (never below the floor share of capacity); measured above `over_from` × contract, all that
    was measured, and the part above once more (`over_times` 2 = double). Actual: measured, never below the floor.
    """
    price = resolve(charge.price, frame, segment)
    measured = _measured(frame, segment, charge)
    if _discounted(frame, segment, charge) and charge.discount_pays is not None:
        price = price.times(charge.discount_pays)
    for part in month_parts(frame, segment, charge.month, charge.last_part):
        billed, over = _billed(frame, charge, part.fact, measured)
        factors = (part.months,) if part.months != ONE else ()
        for watts, extra in ((billed, ONE), (over, _minus_one(charge.over_times))):
            all_factors = factors if extra == ONE else (*factors, extra)
            num, den = watts * price.num * part.months.num * extra.num, 1000 * price.den * part.months.den * extra.den
            frame.add(
                segment, charge, "demand", Exact(num, den), quantity=watts, unit="kW", price=price, factors=all_factors,
                span=(part.from_, part.to),
            )  # fmt: skip
    if charge.ratchet_months and segment.last:
        month = frame.request.bill_months[-1].strftime("%Y-%m")
        history = {**frame.demand_w.get(charge.name, {}), month: measured}
        frame.demand_w[charge.name] = {k: history[k] for k in sorted(history)[-charge.ratchet_months :]}


def _minus_one(times: Exact | None) -> Exact:
    return Exact(0, 1) if times is None else Exact(times.num - times.den, times.den).reduced()


def _measured(frame: Frame, segment: Segment, charge: Demand) -> int:
    if charge.curve is not None:
        return max(curves.highest_mean_w(frame, s, charge.curve) for s in frame.group(segment))
    return max(need(s, charge.measured) for s in frame.group(segment))


def _billed(frame: Frame, charge: Demand, fact: AccountSpan, measured: int) -> tuple[int, int]:
    """Return W billed, and W above the tolerated share of the contract that pay again. The grain is 1 W."""
    floor = 0
    if charge.floor_share is not None:
        whole = capacity.whole_va(fact)
        if whole is None:
            raise Refused("capacity_missing", "/account/capacity_kva")
        floor = divide(whole * charge.floor_share.num, charge.floor_share.den, "half_up")
    if charge.ratchet_share is not None:
        history = frame.demand_w.get(charge.name)
        if history is None:
            raise Refused("demand_history_missing", f"/state/demand_w/{charge.name}")
        highest = max(history.values(), default=0)
        floor = max(floor, divide(highest * charge.ratchet_share.num, charge.ratchet_share.den, "half_up"))
    if charge.basis == "actual":
        return max(measured, floor), 0
    if fact.contract_demand_w is None:
        raise Refused("contract_demand_missing", "/account/contract_demand_kw")
    contract = max(fact.contract_demand_w, floor)
    if charge.over_from is None:
        return max(contract, measured), 0
    tolerated = divide(contract * charge.over_from.num, charge.over_from.den, "half_up")
    return (measured, measured - tolerated) if measured > tolerated else (contract, 0)


def _discounted(frame: Frame, segment: Segment, charge: Demand) -> bool:
    """Return whether the demand price is lower, from `discount_wh_per_kva` per kVA and month on (每千伏安 260 千瓦时)."""
    if charge.discount_wh_per_kva is None:
        return False
    va = capacity.whole_va(segment.fact)
    if va is None:
        raise Refused("capacity_missing", "/account/capacity_kva")
    wh = sum(need(s, charge.discount_quantity) for s in frame.group(segment))
    return wh * 1000 >= charge.discount_wh_per_kva * va * len(frame.request.bill_months)
