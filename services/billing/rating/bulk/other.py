"""Charges that are no energy, tax, and the total, as columns."""

from services.billing.rating.bulk import months as months_of
from services.billing.rating.bulk.segments import Piece
from services.billing.rating.bulk.work import LineColumn, Work, as_addends
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Fixed, Given, Minimum, Percent, Tariff
from shared.arrays import Col
from shared.exact import Exact, RoundTo


def fixed(work: Work, piece: Piece, charge: Fixed) -> None:
    """Add an amount per day, month or cycle; several tariffs in a cycle share it by their days."""
    price = work.price(piece, charge.price)
    r = work.plan.request
    if charge.per == "day":
        work.add(charge, "fixed", piece, work.rows.constant(piece.days * 1000), price, unit="day")
        return
    if not piece.closes:
        return
    factors = months_of.borne(r, charge.part_month, sum(p.days for p in work.same_tariff(piece)))
    count = len(r.bill_months) if charge.per == "month" else r.cycles
    work.add(charge, "fixed", piece, work.rows.constant(count * 1000), price, unit=charge.per, factors=factors)


def percent(work: Work, piece: Piece, charge: Percent) -> None:
    """Add a percentage of the named charges."""
    on = work.base(piece, charge.on, charge.of)
    total, den = work.add_up(on)
    rate = Exact(charge.percent.num, charge.percent.den * 100).reduced()
    work.add_value(
        charge, "percent", piece, work.rows.times(total, rate.num), den * rate.den, price=rate, on=as_addends(on)
    )


def minimum(work: Work, piece: Piece, charge: Minimum) -> None:
    """Add what the named charges leave missing to a minimum a month."""
    price = work.price(piece, charge.price)
    months = len(work.plan.request.bill_months)
    on = work.base(piece, charge.on, "amount")
    factors = months_of.borne(work.plan.request, charge.part_month)
    num, den = price.num * months, price.den
    for factor in factors:
        num, den = num * factor.num, den * factor.den
    whole = (work.rows.constant(num), den)
    missing, den = work.add_up((whole, *((work.rows.times(num, -1), d) for num, d in on)))
    counted = work.rows.constant(months * 1000).v
    work.add_value(
        charge, "minimum", piece, work.rows.at_least_zero(missing), den, quantity=counted, unit="month", price=price,
        factors=factors, on=as_addends(on),
    )  # fmt: skip


def given(work: Work, piece: Piece, charge: Given) -> None:
    """Add an amount from outside."""
    amount = work.plan.request.amounts.get(charge.name)
    if amount is None:
        raise Refused("amount_missing", f"/amounts/{charge.name}")
    work.add_value(charge, "given", piece, work.take("amount", charge.name), amount.den)


def totals(work: Work) -> tuple[Col, Col | None]:
    """Finish the lines and give total and tax in fen; the tariff of the last piece says how."""
    tariff = work.pieces[-1].tariff
    tax = tariff.tax
    if tax is not None and not tax.included:
        _tax_line(work, tariff)
    if any(p.tariff.round_line.mode == "none" for p in work.pieces):
        _share_out(work, tariff)
    total = _sum_of(work, work.lines)
    if tariff.round_total is not None:
        rounded = work.to_fen(total, 100, tariff.round_total)
        rest = work.rows.minus(rounded, total)
        if rest.v.any():
            work.lines.append(_closing(work, "rounding", rest, 100, rest))
        total = rounded
    if tax is None or not tax.shown:
        return total, None
    if not tax.included:
        return total, _sum_of(work, [x for x in work.lines if x.kind == "tax"])
    base = _sum_of(work, [x for x in work.lines if _is_taxed(work, x)])
    share = work.rows.times(base, tax.rate.num)
    return total, work.rows.divide(share, tax.rate.den + tax.rate.num, "half_up")


def _sum_of(work: Work, lines: list[LineColumn]) -> Col:
    return work.rows.total([x.amount_fen for x in lines])


def _is_taxed(work: Work, line: LineColumn) -> bool:
    """Return what a charge of this name says in the first piece of the line's tariff."""
    for piece in work.same_tariff(line.piece):
        for charge in piece.tariff.charges:
            if charge.name == line.name:
                return charge.taxed
    return False


def _closing(work: Work, kind: str, num: Col, den: int, fen: Col) -> LineColumn:
    r = work.plan.request
    return LineColumn(None, kind, work.pieces[-1], num, den, fen, r.from_, r.to)


def _tax_line(work: Work, tariff: Tariff) -> None:
    assert tariff.tax is not None
    unrounded = tariff.round_line.mode == "none"
    taxed = [x for x in work.lines if _is_taxed(work, x)]
    on = tuple((x.num, x.den) if unrounded else (x.amount_fen, 100) for x in taxed)
    total, den = work.add_up(on)
    rate = tariff.tax.rate.reduced()
    num, den = work.rows.times(total, rate.num), den * rate.den
    if num.is_zero:
        return
    fen = work.rows.constant(0) if unrounded else work.to_fen(num, den, tariff.round_line)
    line = _closing(work, "tax", num, den, fen)
    line.price, line.on = tariff.tax.rate, as_addends(on)
    work.lines.append(line)


def _share_out(work: Work, tariff: Tariff) -> None:
    """Give lines that are not rounded the steps of the rounded running sum, so that they add up to the total."""
    to: RoundTo | None = tariff.round_total
    if to is None:
        raise Refused("request_wrong", "/segments")
    before = work.rows.constant(0)
    for index, line in enumerate(work.lines):
        running, den = work.add_up(tuple((x.num, x.den) for x in work.lines[: index + 1]))
        now = work.to_fen(running, den, to)
        line.amount_fen = work.rows.minus(now, before)
        before = now
