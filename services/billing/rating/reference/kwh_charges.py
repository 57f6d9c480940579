"""Charges on kWh: energy and levies, export, ladder prices and add-ons, free kWh."""

from services.billing.rating.reference import curves, cycle
from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.reference.prices import resolve
from services.billing.rating.reference.quantities import by_share, need
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Credit, Energy, Ladder, Price, SeriesPrice, Tiered
from shared.exact import ZERO, Exact


def energy(frame: Frame, segment: Segment, charge: Energy) -> None:
    """Add kWh × price: one line, or one a period (电度电费; levies and funds per kWh are the same kind)."""
    if charge.by == "interval":
        _by_interval(frame, segment, charge)
        return
    kind = "energy" if charge.sign > 0 else "export"
    if charge.by == "period":
        periods = segment.tariff.periods
        registers = segment.tariff.registers(charge.quantity)
        for period, register, price in zip(periods, registers, charge.prices, strict=True):
            _kwh(frame, segment, charge, kind, need(segment, register), price, period.name, None)
        return
    _kwh(frame, segment, charge, kind, need(segment, charge.quantity), charge.prices[0], None, None)


def _kwh(
    frame: Frame,
    segment: Segment,
    charge: Energy | Tiered,
    kind: str,
    wh: int,
    price: Price,
    period: str | None,
    tier: int | None,
) -> None:
    if wh == 0:
        return
    unit = resolve(price, frame, segment)
    if kind == "export":
        unit = Exact(-unit.num, unit.den)
    exact = Exact(wh * unit.num, 1000 * unit.den)
    frame.add(segment, charge, kind, exact, quantity=wh, unit="kWh", price=unit, period=period, tier=tier)


def _by_interval(frame: Frame, segment: Segment, charge: Energy) -> None:
    """Add every slot of the curve at the price of its own slot: one line, whose addends are the days."""
    price = charge.prices[0]
    assert isinstance(price, SeriesPrice)
    series = frame.book.series.get(price.series)
    if series is None or not series.minutes:
        raise Refused("price_missing", f"/series/{price.series}")
    if series.currency != segment.tariff.currency:
        raise Refused("currency_mismatch", f"/series/{price.series}")
    curves.check_prices(frame, segment, charge.quantity, series)
    total, wh_sum = ZERO, 0
    by_day: dict[str, Exact] = {}
    for day, minute, _, wh in curves.of_segment(frame, segment, charge.quantity):
        prices = series.days.get(day)
        if prices is None or minute // series.minutes >= len(prices):
            raise Refused("price_missing", f"/series/{price.series}", day.isoformat())
        unit = prices[minute // series.minutes]
        value = Exact(wh * unit.num, 1000 * unit.den)
        total = total.plus(value)
        wh_sum += wh
        by_day[day.isoformat()] = by_day.get(day.isoformat(), ZERO).plus(value)
    exact = Exact(total.num * charge.sign, total.den)
    kind = "energy" if charge.sign > 0 else "export"
    on = tuple(Exact(v.num * charge.sign, v.den) for v in by_day.values())
    frame.add(segment, charge, kind, exact, quantity=wh_sum, unit="kWh", on=on)


def tiered(frame: Frame, segment: Segment, charge: Tiered) -> None:
    """Add the lines of a ladder: kWh of each tier × tier price, or × add-on (递增法)."""
    kind = "ladder_add_on" if charge.add_on else "ladder_price"
    if not charge.prices_by_period:
        for tier, wh in enumerate(segment.tiers[charge.ladder]):
            _kwh(frame, segment, charge, kind, wh, charge.prices[tier], None, tier + 1)
        return
    ladder = segment.tariff.ladders[charge.ladder]
    table = _tiers_of_periods(frame, segment, charge, ladder)
    for index, period in enumerate(segment.tariff.periods):
        for tier, wh in enumerate(table[index]):
            _kwh(frame, segment, charge, kind, wh, charge.prices_by_period[index][tier], period.name, tier + 1)


def _tiers_of_periods(frame: Frame, segment: Segment, charge: Tiered, ladder: Ladder) -> list[list[int]]:
    """Return kWh by period and tier, by the way that the document names."""
    periods = segment.tariff.periods
    if charge.split == "own_limits_per_period":
        return [segment.tiers[f"{ladder.name}/{p.name}"] for p in periods]
    tiers = segment.tiers[ladder.name]
    if charge.split == "in_time_order":
        return _in_time_order(frame, segment, ladder, tiers)
    used = [need(segment, r) for r in segment.tariff.registers(ladder.counts)]
    counted = _less_free(segment, ladder, used)
    table = [[0] * len(tiers) for _ in periods]
    left = list(counted)
    for tier in range(len(tiers) - 1, 0, -1):
        for index, wh in enumerate(by_share(tiers[tier], counted)):
            table[index][tier] = wh
            left[index] -= wh
    for index, wh in enumerate(left):
        table[index][0] = wh
    return table


def _less_free(segment: Segment, ladder: Ladder, used: list[int]) -> list[int]:
    free = segment.free_wh.get(ladder.name, 0)
    if not free or ladder.free is None or ladder.free.how != "before_ladder":
        return used
    return [wh - part for wh, part in zip(used, by_share(free, used), strict=True)]


def _in_time_order(frame: Frame, segment: Segment, ladder: Ladder, tiers: list[int]) -> list[list[int]]:
    """Fill the tiers with the slots of the curve one after the other, as time passes; free kWh before the ladder go first."""
    table = [[0] * len(tiers) for _ in segment.tariff.periods]
    room = list(tiers)
    skip = sum(_first(segment, ladder))
    tier = 0
    for _, _, period, wh in curves.of_segment(frame, segment, ladder.counts):
        free = min(skip, wh)
        skip, wh = skip - free, wh - free
        while wh:
            while tier < len(room) - 1 and room[tier] <= 0:
                tier += 1
            take = wh if tier == len(room) - 1 else min(wh, room[tier])
            table[period][tier] += take
            room[tier] -= take
            wh -= take
    return table


def _first(segment: Segment, ladder: Ladder) -> list[int]:
    before = ladder.free is not None and ladder.free.how == "before_ladder"
    return [segment.free_wh.get(ladder.name, 0)] if before else []


def credit(frame: Frame, segment: Segment, charge: Credit) -> None:
    """Add a credit: the free kWh × price, or a fixed amount a month."""
    unit = resolve(charge.price, frame, segment)
    minus = Exact(-unit.num, unit.den)
    if charge.ladder:
        wh = segment.free_wh.get(charge.ladder, 0)
        frame.add(
            segment, charge, "credit", Exact(wh * minus.num, 1000 * minus.den), quantity=wh, unit="kWh", price=minus
        )
    elif segment.last:
        months = len(frame.request.bill_months)
        factors = cycle.part(frame.request, charge.part_month, cycle.days(frame.request))
        exact = Exact(minus.num * months, minus.den)
        for factor in factors:
            exact = Exact(exact.num * factor.num, exact.den * factor.den)
        frame.add(segment, charge, "credit", exact, quantity=months * 1000, unit="month", price=minus, factors=factors)
