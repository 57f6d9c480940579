"""The power factor adjustment (力调电费)."""

from math import isqrt

from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.reference.quantities import need
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import FactorStep, PowerFactor
from shared.exact import Exact


def add(frame: Frame, segment: Segment, charge: PowerFactor) -> None:
    """Add the adjustment: a percentage of the named charges. No active energy: none, and a finding."""
    group = frame.group(segment)
    active = sum(need(s, charge.active) for s in group)
    reactive = sum(need(s, charge.reactive) for s in group)
    if active <= 0:
        frame.find("no_active_energy", "warn", f"/usage/{charge.active}")
        return
    cos = hundredths(active, reactive, charge.cos_phi)
    percent = factor_percent(charge, cos, standard(segment, charge))
    rate = Exact(percent.num, percent.den * 100)
    on = frame.base(segment, charge.on, charge.of)
    total = Exact(0, 1)
    for addend in on:
        total = total.plus(addend)
    frame.add(
        segment, charge, "power_factor", total.times(rate), quantity=cos * 10, unit="cos φ", price=rate, on=on
    )  # fmt: skip


def hundredths(active: int, reactive: int, mode: str = "half_up") -> int:
    """Return cos φ in hundredths, rounded half up or down, decided with integers alone.

    The largest k with 2k − 1 (down: 2k) ≤ 200 cos φ, where 200 cos φ = √(40000 A² ÷ (A² + R²)).
    """
    twice = isqrt(40000 * active * active // (active * active + reactive * reactive))
    return (twice + 1) // 2 if mode == "half_up" else twice // 2


def standard(segment: Segment, charge: PowerFactor) -> int:
    """Return the standard in hundredths: the account's own, or that of the document."""
    own = segment.fact.values.get(charge.fact)
    if own is None:
        return charge.standard
    found = next((points for points in charge.rewards if points * own.den == 100 * own.num), None)
    if found is None:
        raise Refused("fact_wrong", f"/account/values/{charge.fact}")
    return found


def factor_percent(charge: PowerFactor, hundredth: int, standard: int) -> Exact:
    """Return the percentage of the table: above 0 a penalty, below 0 a reward."""
    points = standard - hundredth
    percent = _by_steps(charge.penalty if points > 0 else charge.rewards[standard], abs(points))
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
