"""Charges on kWh as columns: energy and levies, export, ladder prices and add-ons, free kWh."""

from services.billing.rating.bulk import curves
from services.billing.rating.bulk import months as months_of
from services.billing.rating.bulk.segments import Piece
from services.billing.rating.bulk.work import Work, as_addends
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Credit, Energy, Ladder, Price, SeriesPrice, Tiered
from shared.arrays import Col, by_share
from shared.exact import Exact


def energy(work: Work, piece: Piece, charge: Energy) -> None:
    """Add kWh × price: one line, or one a period."""
    if charge.by == "interval":
        _by_interval(work, piece, charge)
    elif charge.by == "period":
        registers = piece.tariff.registers(charge.quantity)
        for period, register, price in zip(piece.tariff.periods, registers, charge.prices, strict=True):
            _kwh(work, piece, charge, work.need(piece, register), price, period.name)
    else:
        _kwh(work, piece, charge, work.need(piece, charge.quantity), charge.prices[0])


def _kwh(
    work: Work,
    piece: Piece,
    charge: Energy | Tiered,
    wh: Col,
    price: Price,
    period: str | None = None,
    tier: int | None = None,
) -> None:
    if wh.is_zero:
        return
    try:
        unit = work.price(piece, price)
    except Refused as refused:  # who has used nothing needs no price
        work.rows.refuse(wh.v != 0, refused)
        return
    if isinstance(charge, Tiered):
        kind = "ladder_add_on" if charge.add_on else "ladder_price"
    else:
        kind = "energy" if charge.sign > 0 else "export"
        unit = Exact(unit.num * charge.sign, unit.den)
    work.add(charge, kind, piece, wh, unit, period=period, tier=tier)


def _by_interval(work: Work, piece: Piece, charge: Energy) -> None:
    price = charge.prices[0]
    assert isinstance(price, SeriesPrice)
    series = work.plan.book.series.get(price.series)
    if series is None or not series.minutes:
        raise Refused("price_missing", f"/series/{price.series}")
    if series.currency != piece.tariff.currency:
        raise Refused("currency_mismatch", f"/series/{price.series}")
    wh, days, den = curves.by_interval(work, piece, charge.quantity, series)
    signed = tuple((work.rows.times(day, charge.sign), den) for day in days)
    num, den = work.add_up(signed)
    kind = "energy" if charge.sign > 0 else "export"
    work.add_value(charge, kind, piece, num, den, quantity=wh.v, unit="kWh", on=as_addends(signed))


def tiered(work: Work, piece: Piece, charge: Tiered) -> None:
    """Add the lines of a ladder: kWh of each tier × tier price or add-on."""
    mine = work.of[piece.index]
    if not charge.prices_by_period:
        for tier, wh in enumerate(mine.tiers[charge.ladder]):
            _kwh(work, piece, charge, wh, charge.prices[tier], None, tier + 1)
        return
    table = _by_period_and_tier(work, piece, charge, piece.tariff.ladders[charge.ladder])
    for period, prices, tiers in zip(piece.tariff.periods, charge.prices_by_period, table, strict=True):
        for tier, wh in enumerate(tiers):
            _kwh(work, piece, charge, wh, prices[tier], period.name, tier + 1)


def _by_period_and_tier(work: Work, piece: Piece, charge: Tiered, ladder: Ladder) -> list[list[Col]]:
    mine = work.of[piece.index]
    if charge.split == "own_limits_per_period":
        return [mine.tiers[f"{ladder.name}/{p.name}"] for p in piece.tariff.periods]
    free = mine.free.get(ladder.name)
    if free is not None and (ladder.free is None or ladder.free.how != "before_ladder"):
        free = None
    tiers = mine.tiers[ladder.name]
    if charge.split == "in_time_order":
        return curves.tiers_in_time(work, piece, ladder.counts, free or work.rows.constant(0), tiers)
    counted = [work.need(piece, r) for r in piece.tariff.registers(ladder.counts)]
    if free is not None:
        shares = by_share(work.rows, free, counted)
        counted = [work.rows.minus(wh, share) for wh, share in zip(counted, shares, strict=True)]
    upper = [by_share(work.rows, wh, counted) for wh in tiers[1:]]
    table = []
    for index, wh in enumerate(counted):
        above = [shares[index] for shares in upper]
        table.append([work.rows.minus(wh, work.rows.total(above)), *above])
    return table


def credit(work: Work, piece: Piece, charge: Credit) -> None:
    """Add a credit: the free kWh × price, or a fixed amount a month."""
    unit = work.price(piece, charge.price)
    minus = Exact(-unit.num, unit.den)
    if charge.ladder:
        free = work.of[piece.index].free.get(charge.ladder)
        if free is not None:
            work.add(charge, "credit", piece, free, minus)
    elif piece.closes:
        months = work.rows.constant(len(work.plan.request.bill_months) * 1000)
        factors = months_of.borne(work.plan.request, charge.part_month)
        work.add(charge, "credit", piece, months, minus, unit="month", factors=factors)
