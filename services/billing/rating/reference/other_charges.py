"""Charges that are no energy: fixed, percent, minimum, given; tax and the rounding of the total."""

from dataclasses import replace

from services.billing.rating.rating_types import Line
from services.billing.rating.reference import cycle
from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.reference.prices import resolve
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Fixed, Given, Minimum, Percent, Tariff
from shared.exact import ZERO, Exact, RoundTo, divide


def fixed(frame: Frame, segment: Segment, charge: Fixed) -> None:
    """Add a fixed amount per month, day or cycle.

    Where a cycle has several tariffs, each bears its months (or the cycle) by its days.
    """
    price = resolve(charge.price, frame, segment)
    request = frame.request
    days = (segment.to - segment.from_).days
    if charge.per == "day":
        exact = Exact(price.num * days, price.den)
        frame.add(segment, charge, "fixed", exact, quantity=days * 1000, unit="day", price=price)
        return
    if not segment.last:
        return
    count = len(request.bill_months) if charge.per == "month" else request.cycles
    own = sum((s.to - s.from_).days for s in frame.group(segment))
    factors = cycle.part(request, charge.part_month, own)
    exact = _product(Exact(price.num * count, price.den), factors)
    frame.add(segment, charge, "fixed", exact, quantity=count * 1000, unit=charge.per, price=price, factors=factors)


def percent(frame: Frame, segment: Segment, charge: Percent) -> None:
    """Add a percentage of the named charges."""
    on = frame.base(segment, charge.on, charge.of)
    rate = Exact(charge.percent.num, charge.percent.den * 100)
    frame.add(segment, charge, "percent", _sum(on).times(rate), price=rate, on=on)


def minimum(frame: Frame, segment: Segment, charge: Minimum) -> None:
    """Add what is missing from the named charges to the minimum of the months."""
    price = resolve(charge.price, frame, segment)
    months = len(frame.request.bill_months)
    on = frame.base(segment, charge.on, "amount")
    total = _sum(on)
    # as before, several tariffs in one bill each have the whole minimum
    factors = cycle.part(frame.request, charge.part_month, cycle.days(frame.request))
    missing = _product(Exact(price.num * months, price.den), factors).plus(Exact(-total.num, total.den))
    if missing.num > 0:
        frame.add(
            segment,
            charge,
            "minimum",
            missing,
            quantity=months * 1000,
            unit="month",
            price=price,
            factors=factors,
            on=on,
        )


def given(frame: Frame, segment: Segment, charge: Given) -> None:
    """Add an amount from outside."""
    amount = frame.request.amounts.get(charge.name)
    if amount is None:
        raise Refused("amount_missing", f"/amounts/{charge.name}")
    frame.add(segment, charge, "given", amount)


def _product(value: Exact, factors: tuple[Exact, ...]) -> Exact:
    for factor in factors:
        value = Exact(value.num * factor.num, value.den * factor.den)
    return value


def _sum(values: tuple[Exact, ...]) -> Exact:
    total = ZERO
    for value in values:
        total = total.plus(value)
    return total


def fen(value: Exact, to: RoundTo) -> int:
    """Round yuan to fen by a rounding of the document."""
    step = to.step.num * 100 // to.step.den
    return divide(value.num * 100, value.den * step, to.mode) * step


def totals(frame: Frame) -> tuple[int, int | None]:
    """Finish the lines (tax added, lines not rounded, rounding of the total) and give total and tax in fen.

    Lines that are not rounded get the differences of the rounded running sum: they always add up to the total.
    """
    tariff = frame.segments[-1].tariff
    tax = tariff.tax
    if tax is not None and not tax.included:
        _add_tax(frame, tariff)
    if any(s.tariff.round_line.mode == "none" for s in frame.segments):
        _settle(frame, tariff)
    total = sum(line.amount_fen for line in frame.lines)
    if tariff.round_total is not None:
        rounded = fen(Exact(total, 100), tariff.round_total)
        if rounded != total:
            rest = rounded - total
            frame.lines.append(_line(frame, tariff, "rounding", "尾差", Exact(rest, 100), rest))
            total = rounded
    if tax is None or not tax.shown:
        return total, None
    if not tax.included:
        return total, sum(line.amount_fen for line in frame.lines if line.kind == "tax")
    base = sum(line.amount_fen for line in frame.lines if _taxed(frame, line))
    rate = tax.rate
    return total, divide(base * rate.num, rate.den + rate.num, "half_up")


def _taxed(frame: Frame, line: Line) -> bool:
    for segment in frame.segments:
        for charge in segment.tariff.charges:
            if charge.name == line.charge and segment.tariff.id == line.tariff:
                return charge.taxed
    return False


def _add_tax(frame: Frame, tariff: Tariff) -> None:
    assert tariff.tax is not None
    lines = [line for line in frame.lines if _taxed(frame, line)]
    exact_base = tariff.round_line.mode == "none"
    on = tuple(line.exact if exact_base else Exact(line.amount_fen, 100) for line in lines)
    value = _sum(on).times(tariff.tax.rate)
    amount = 0 if exact_base else fen(value, tariff.round_line)
    line = _line(frame, tariff, "tax", "税", value, amount)
    if value.num:
        frame.lines.append(replace(line, price=tariff.tax.rate, on=on))


def _settle(frame: Frame, tariff: Tariff) -> None:
    to = tariff.round_total
    if to is None:
        raise Refused("request_wrong", "/segments", "tariffs with and without rounded lines in one bill")
    running, before = ZERO, 0
    for index, line in enumerate(frame.lines):
        running = running.plus(line.exact).reduced()
        now = fen(running, to)
        frame.lines[index] = replace(line, amount_fen=now - before)
        before = now


def _line(frame: Frame, tariff: Tariff, kind: str, zh: str, exact: Exact, amount_fen: int) -> Line:
    request = frame.request
    return Line(kind, zh, kind, None, None, None, "", None, exact, amount_fen, tariff.id, tariff.version,
                request.from_, request.to)  # fmt: skip
