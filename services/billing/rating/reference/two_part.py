"""Two-part tariffs (两部制): capacity, demand, and the power factor adjustment."""

import itertools
from dataclasses import dataclass
from datetime import date
from math import isqrt

from services.billing.rating.rating_types import AccountFact, Equipment
from services.billing.rating.reference import curves
from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.reference.prices import resolve
from services.billing.rating.reference.quantities import need
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Capacity, Demand, FactorStep, PowerFactor
from shared.exact import ONE, Exact, divide


@dataclass(frozen=True, slots=True)
class MonthPart:
    """A span in which capacity and contract demand do not change, and how many months it counts as."""

    from_: date
    to: date
    fact: AccountFact
    months: Exact


def month_parts(frame: Frame, month: str, last_part: str) -> list[MonthPart]:
    """Cut the cycle where capacity facts (or segments) change, and weigh its parts in months.

    Used days ÷ 30 (供电营业规则 1996) or ÷ calendar days (2024); by thirtieths the last part of the month can be the rest of it,
    so that the parts of a 31-day month still make one month. A cycle that is only a part of its regular month (opening, closing)
    pays only its days.
    """
    request = frame.request
    start, end = request.month or (request.from_, request.to)
    months = len(request.bill_months)
    cuts = [request.from_, *_capacity_changes(frame), request.to]
    spans = list(itertools.pairwise(cuts))
    if len(spans) == 1 and (request.from_, request.to) == (start, end):
        return [MonthPart(start, end, fact_on(frame, start), Exact(months, 1))]
    parts: list[MonthPart] = []
    gone = (request.from_ - start).days
    for from_, to in spans:
        days = (to - from_).days
        if month == "calendar_days":
            weight = Exact(days * months, (end - start).days)
        elif to == end and last_part == "rest_of_month":
            weight = Exact(30 * months - gone, 30)
        else:
            weight = Exact(days, 30)
        gone += days
        parts.append(MonthPart(from_, to, fact_on(frame, from_), weight))
    return parts


def fact_on(frame: Frame, day: date) -> AccountFact:
    """Give the account facts of a day."""
    for fact in frame.request.facts:
        if fact.from_ <= day and (fact.to is None or day < fact.to):
            return fact
    raise Refused("facts_gap", "/account", day.isoformat())


def _capacity_changes(frame: Frame) -> list[date]:
    request = frame.request
    days = {s.from_ for s in frame.segments} | {f.from_ for f in request.facts}
    changes = []
    for day in sorted(d for d in days if request.from_ < d < request.to):
        before, after = _before(frame, day), fact_on(frame, day)
        same = _capacity_facts(before) == _capacity_facts(after)
        if not same or any(s.from_ == day for s in frame.segments):
            changes.append(day)
    return changes


def _before(frame: Frame, day: date) -> AccountFact:
    earlier = [f for f in frame.request.facts if f.from_ < day]
    if not earlier:
        raise Refused("facts_gap", "/account", day.isoformat())
    return earlier[-1]


def _capacity_facts(fact: AccountFact) -> tuple[object, ...]:
    return (fact.capacity_va, fact.contract_demand_w, fact.equipment)


def capacity_of(fact: AccountFact) -> int | None:
    """Give the whole capacity in VA: of the equipment, else as stated."""
    if fact.equipment:
        return sum(e.capacity_va for e in fact.equipment)
    return fact.capacity_va


def capacity(frame: Frame, segment: Segment, charge: Capacity) -> None:
    """Add the capacity charge: kVA × price × share of the equipment's state × months."""
    price = resolve(charge.price, frame, segment)
    for part in month_parts(frame, charge.month, charge.last_part):
        if not (segment.from_ <= part.from_ < segment.to):
            continue
        for share, va in _by_share(frame, charge, part):
            factors = tuple(f for f in (share, part.months) if f != ONE)
            exact = Exact(va * price.num * share.num * part.months.num, 1000 * price.den * share.den * part.months.den)
            frame.add(
                segment, charge, "capacity", exact, quantity=va, unit="kVA", price=price, factors=factors,
                span=(part.from_, part.to),
            )  # fmt: skip


def _by_share(frame: Frame, charge: Capacity, part: MonthPart) -> list[tuple[Exact, int]]:
    """The capacity by the share that its state pays (热备用 pays, 封停 does not), in the order of the equipment."""
    whole = capacity_of(part.fact)
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
    """How long the equipment is suspended without a break around a part; an open end counts as long."""
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


def demand(frame: Frame, segment: Segment, charge: Demand) -> None:
    """Add the demand charge (需量电费), by contract or by the measured demand.

    By contract: what is contracted (never below the floor share of capacity); measured above `over_from` × contract, all that
    was measured, and the part above once more (`over_times` 2 = double). Actual: measured, never below the floor.
    """
    price = resolve(charge.price, frame, segment)
    measured = _measured(frame, segment, charge)
    if _discounted(frame, segment, charge) and charge.discount_pays is not None:
        price = price.times(charge.discount_pays)
    for part in month_parts(frame, charge.month, charge.last_part):
        if not (segment.from_ <= part.from_ < segment.to):
            continue
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


def _billed(frame: Frame, charge: Demand, fact: AccountFact, measured: int) -> tuple[int, int]:
    """W billed, and W above the tolerated share of the contract that pay again. The grain is 1 W."""
    floor = 0
    if charge.floor_share is not None:
        whole = capacity_of(fact)
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
    """From `discount_wh_per_kva` per kVA and month the demand price is lower (每千伏安 260 千瓦时)."""
    if charge.discount_wh_per_kva is None:
        return False
    va = capacity_of(segment.fact)
    if va is None:
        raise Refused("capacity_missing", "/account/capacity_kva")
    wh = sum(need(s, charge.discount_quantity) for s in frame.group(segment))
    return wh * 1000 >= charge.discount_wh_per_kva * va * len(frame.request.bill_months)


# --- power factor


def hundredths(active: int, reactive: int, mode: str = "half_up") -> int:
    """Give cos φ in hundredths, rounded half up or down, decided with integers alone.

    The largest k with 2k − 1 (down: 2k) ≤ 200 cos φ, where 200 cos φ = √(40000 A² ÷ (A² + R²)).
    """
    twice = isqrt(40000 * active * active // (active * active + reactive * reactive))
    return (twice + 1) // 2 if mode == "half_up" else twice // 2


def factor_percent(charge: PowerFactor, hundredth: int) -> Exact:
    """Give the percentage of the table: above 0 a penalty, below 0 a reward."""
    points = charge.standard - hundredth
    percent = _by_steps(charge.penalty if points > 0 else charge.reward, abs(points))
    return percent if points > 0 else Exact(-percent.num, percent.den)


def _by_steps(steps: tuple[FactorStep, ...], points: int) -> Exact:
    total, done = Exact(0, 1), 0
    for step in steps:
        until = points if step.to_points is None else min(points, step.to_points)
        if until > done:
            each = step.percent_per_point
            total = total.plus(Exact(each.num * (until - done), each.den))
            done = until
    return total


def power_factor(frame: Frame, segment: Segment, charge: PowerFactor) -> None:
    """Add the adjustment: a percentage of the named charges. No active energy: none, and a finding."""
    group = frame.group(segment)
    active = sum(need(s, charge.active) for s in group)
    reactive = sum(need(s, charge.reactive) for s in group)
    if active <= 0:
        frame.find("no_active_energy", "warn", f"/usage/{charge.active}")
        return
    cos = hundredths(active, reactive, charge.cos_phi)
    percent = factor_percent(charge, cos)
    rate = Exact(percent.num, percent.den * 100)
    on = frame.base(segment, charge.on, charge.of)
    total = Exact(0, 1)
    for addend in on:
        total = total.plus(addend)
    frame.add(
        segment, charge, "power_factor", total.times(rate), quantity=cos * 10, unit="cos φ", price=rate, on=on
    )  # fmt: skip
