"""Quantities before prices: usage of a segment, kWh rounding, losses, fixed kWh, shares, sub-meters."""

from zoneinfo import ZoneInfo

from services.billing.rating.rating_types import UsagePart
from services.billing.rating.reference import curves
from services.billing.rating.reference import cycle as cycles
from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.tariff.codes import WH_MAX, Refused
from services.billing.rating.tariff.model import Tariff
from services.billing.rating.tariff.quantity_rules import (
    Amount,
    FixedRule,
    LossRule,
    QuantityRule,
    RestRule,
    ShareRule,
    SpreadRule,
    SumRule,
)
from shared.exact import Exact, RoundTo, divide


def fill_in(frame: Frame, segment: Segment) -> None:
    """Compute every quantity of a segment: usage, its period sums, its rounding, then the rules in order."""
    q = _usage(frame, segment)
    segment.q = q
    tariff = segment.tariff
    if tariff.periods:
        _periods(frame, segment, q)
    for name, value in q.items():
        if value > WH_MAX or value < -WH_MAX:
            raise Refused("overflow", f"/usage/{name}")
        if value < 0:
            frame.find("usage_negative", "warn", f"/usage/{name}")
    if tariff.round_kwh is not None:
        for name in list(q):
            if not name.startswith("demand"):
                q[name] = _round_usage(frame, tariff, name, q[name], tariff.round_kwh)
    for rule in tariff.quantities:
        _derive(frame, segment, rule)


def need(segment: Segment, name: str) -> int:
    """Return a quantity, or refuse by what is missing."""
    value = segment.q.get(name)
    if value is None:
        code = "reactive_missing" if name.startswith("reactive") else "register_missing"
        raise Refused("demand_missing" if name.startswith("demand") else code, f"/usage/{name}")
    return value


def _usage(frame: Frame, segment: Segment) -> dict[str, int]:
    request = frame.request
    if len(request.usage) == 1 and len(frame.segments) == 1:
        part = request.usage[0]
        q = dict(part.wh)
        if part.curves:
            _from_curves(frame, segment, part, q)
        return q
    q = {}
    for part in request.usage:
        from_, to = max(part.from_, segment.from_), min(part.to, segment.to)
        if from_ >= to:
            continue
        own = {name: _share_by_days(part, wh, from_, to, name) for name, wh in part.wh.items()}
        if part.curves:
            _from_curves(frame, segment, part, own)
        for name, wh in own.items():
            q[name] = max(q.get(name, 0), wh) if name.startswith("demand") else q.get(name, 0) + wh
    return q


def _share_by_days(part: UsagePart, wh: int, from_: object, to: object, name: str) -> int:
    """Return usage up to `to` less usage up to `from_`, each rounded to the Wh: the shares of a part add up to the part."""
    if (part.from_ == from_ and part.to == to) or name.startswith("demand"):
        return wh
    days = (part.to - part.from_).days
    before, until = (from_ - part.from_).days, (to - part.from_).days  # type: ignore[operator]
    return divide(wh * until, days, "half_up") - divide(wh * before, days, "half_up")


def _from_curves(frame: Frame, segment: Segment, part: UsagePart, q: dict[str, int]) -> None:
    """Add a curve's quantity and, in a tariff with periods, its period kWh; a register of the same name stays the total."""
    tariff = segment.tariff
    whole = part.from_ >= segment.from_ and part.to <= segment.to
    for curve in part.curves:
        curves.check_span(curve, part.from_, part.to, ZoneInfo(tariff.time_zone))
        sums = [0] * (len(tariff.periods) + 1)
        for _, _, index, wh in curves.slots(frame, tariff, curve, segment.from_, segment.to):
            sums[index] += wh
        if curve.quantity not in q or not whole:
            q[curve.quantity] = sum(sums)
        if curve.quantity in ("import", "export"):
            for register, wh in zip(tariff.registers(curve.quantity), sums, strict=False):
                q[register] = wh


def _periods(frame: Frame, segment: Segment, q: dict[str, int]) -> None:
    tariff = segment.tariff
    divides = tariff.undivided != "held" and "import" in q
    if divides:
        _divide(frame, tariff, q)
    for quantity in ("import", "export"):
        registers = tariff.registers(quantity)
        prefix = f"{quantity}."
        for name, value in q.items():
            if divides and quantity == "import":
                break  # what other registers measured is in the total, and so in what was divided
            if value and name.startswith(prefix) and name not in registers and name not in tariff.known:
                raise Refused("register_unknown", f"/usage/{name}")
        if any(r not in q for r in registers):
            continue
        total = sum(q[r] for r in registers)
        if quantity not in q:
            q[quantity] = total
        elif abs(q[quantity] - total) > tariff.sum_tolerance_wh:
            frame.find("period_sum_differs", "warn", f"/usage/{quantity}", f"{q[quantity]} Wh, periods {total} Wh")
            if quantity == "import":
                segment.unpriced_wh = abs(q[quantity] - total)


def _divide(frame: Frame, tariff: Tariff, q: dict[str, int]) -> None:
    """Give the periods what the total register has beyond theirs (a meter with other periods, or none, for some of the days)."""
    registers = tariff.registers("import")
    measured = [q.get(r, 0) for r in registers]
    rest = q["import"] - sum(measured)
    if rest < 0 or (rest <= tariff.sum_tolerance_wh and all(r in q for r in registers)):
        return
    if tariff.undivided == "to_period":
        shares = [rest if index == tariff.undivided_period else 0 for index in range(len(registers))]
    elif sum(measured) > 0 and min(measured) >= 0:
        shares = by_share(rest, measured)
    else:
        return  # nothing to share by
    for register, wh, share in zip(registers, measured, shares, strict=True):
        q[register] = wh + share
    if rest:
        frame.find("energy_divided", "warn", "/usage/import", f"{rest} Wh of {q['import']} Wh")


def _round_usage(frame: Frame, tariff: Tariff, name: str, wh: int, to: RoundTo) -> int:
    """Round kWh; with the rest left in the register it is the cumulative value that is rounded."""
    step = to.step.num * 1000 // to.step.den
    if not tariff.rest_stays:
        return divide(wh, step, to.mode) * step
    wh += frame.rest_wh.get(name, 0)
    rounded = divide(wh, step, to.mode) * step
    frame.rest_wh[name] = wh - rounded
    return rounded


def amount(segment: Segment, value: Amount) -> Exact:
    """Return a figure of the document or of the account facts."""
    if not isinstance(value, str):
        return value
    found = segment.fact.values.get(value)
    if found is None:
        raise Refused("fact_missing", f"/account/values/{value}")
    return found


def _to_wh(value: Exact, to: RoundTo) -> int:
    """Return a value in Wh, rounded to the step (kWh) of a rule."""
    step = to.step.num * 1000 // to.step.den
    return divide(value.num, value.den * step, to.mode) * step


_OPTIONAL = frozenset({"export", "reactive.export"})
"""Meters that do not measure these directions have no such register: absent is none."""


def _or_zero(segment: Segment, name: str) -> int:
    return segment.q.get(name, 0) if name in _OPTIONAL else need(segment, name)


def _derive(frame: Frame, segment: Segment, rule: QuantityRule) -> None:
    q = segment.q
    if isinstance(rule, SumRule):
        if any(n.startswith("reactive") and n not in q and n not in _OPTIONAL for n in rule.of):
            return  # only a power factor needs it, and says so itself
        values = [_or_zero(segment, n) for n in rule.of]
        q[rule.name] = sum(abs(v) for v in values) if rule.absolute else sum(values)
    elif isinstance(rule, RestRule):
        rest = need(segment, rule.of) - sum(_or_zero(segment, n) for n in rule.without)
        if rest < 0 and rule.below_zero == "zero":
            frame.find("quantity_below_zero", "warn", f"/quantities/{rule.name}")
            rest = 0
        q[rule.name] = rest
    elif isinstance(rule, LossRule):
        q[rule.name] = _loss(frame, segment, rule)
    elif isinstance(rule, ShareRule):
        share = amount(segment, rule.share)
        q[rule.name] = _to_wh(Exact(need(segment, rule.of) * share.num, share.den), rule.round)
    elif isinstance(rule, FixedRule):
        kwh = amount(segment, rule.kwh)
        own = (segment.to - segment.from_).days
        start, end = cycles.span(frame.request)
        cycle = (end - start).days
        months = len(frame.request.bill_months)
        q[rule.name] = _to_wh(Exact(kwh.num * 1000 * months * own, kwh.den * cycle), rule.round)
    else:
        _spread(segment, rule)


def _loss(frame: Frame, segment: Segment, rule: LossRule) -> int:
    """Return the loss.

    Iron loss: kWh a month by thirtieths or calendar days, or W by hours; copper loss: a share of kWh. Rounded together.
    """
    wh = Exact(0, 1)
    days = (segment.to - segment.from_).days
    if rule.iron is not None:
        iron = amount(segment, rule.iron)
        months = len(frame.request.bill_months)
        start, end = cycles.span(frame.request)
        cycle = (end - start).days
        if rule.iron_by == "hours":
            wh = Exact(iron.num * 24 * days, iron.den)
        elif days == cycle:
            wh = Exact(iron.num * 1000 * months, iron.den)
        elif rule.iron_by == "thirtieths":
            wh = Exact(iron.num * 1000 * days, iron.den * 30)
        else:
            wh = Exact(iron.num * 1000 * days * months, iron.den * cycle)
    if rule.copper_share is not None:
        share = amount(segment, rule.copper_share)
        wh = wh.plus(Exact(need(segment, rule.copper_of) * share.num, share.den))
    return _to_wh(wh, rule.round)


def _spread(segment: Segment, rule: SpreadRule) -> None:
    registers = segment.tariff.registers(rule.by)
    weights = [need(segment, r) for r in registers]
    shares = by_share(need(segment, rule.of), weights)
    for period, wh in zip(segment.tariff.periods, shares, strict=True):
        segment.q[f"{rule.name}.{period.name}"] = wh


def by_share(wh: int, weights: list[int]) -> list[int]:
    """Divide Wh in proportion to weights, to 1 Wh, by the largest remainder (ties: the first).

    No weight at all: everything goes to the last.
    """
    total = sum(weights)
    if total == 0:
        return [0] * (len(weights) - 1) + [wh]
    shares = [wh * w // total for w in weights]
    order = sorted(range(len(weights)), key=lambda i: -(wh * weights[i] % total))
    for index in order[: wh - sum(shares)]:
        shares[index] += 1
    return shares
