"""Unit prices of a form: every price of a document comes down to one number for a piece."""

from datetime import date

from services.billing.rating.bulk.forms import Plan
from services.billing.rating.bulk.segments import Piece
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Number, Price, Ratio, SeasonalPrice, SumOfPrices
from shared.exact import ZERO, Exact, divide


def unit_price(plan: Plan, piece: Piece, price: Price) -> Exact:
    """Return the price in yuan, in lowest terms; it must be the same on every day that `series_at` names."""
    if isinstance(price, Number):
        return price.value.reduced()
    found = {_at(plan, piece, price, day).reduced() for day in _days(plan, piece)}
    if len(found) > 1:
        raise Refused("price_changes_in_cycle", "/cycle/bill_months")
    return found.pop()


def _days(plan: Plan, piece: Piece) -> tuple[date, ...]:
    by_rule = {"read_day": (plan.request.read_day,), "first_day": (piece.from_,)}
    return by_rule.get(piece.tariff.series_at, plan.request.bill_months)


def _at(plan: Plan, piece: Piece, price: Price, day: date) -> Exact:
    if isinstance(price, Number):
        return price.value
    if isinstance(price, SumOfPrices):
        total = ZERO
        for part in price.parts:
            total = total.plus(_at(plan, piece, part, day))
        return total
    if isinstance(price, SeasonalPrice):
        return _at(plan, piece, price.months[day.month - 1], day)
    if isinstance(price, Ratio):
        found = _at(plan, piece, price.base, day).times(price.times)
        if price.round is None or price.round.mode == "none":
            return found
        step = price.round.step
        return Exact(divide(found.num * step.den, found.den * step.num, price.round.mode) * step.num, step.den)
    series = plan.book.series.get(price.series)
    value = series.price_on(day) if series is not None else None
    if series is None or value is None:
        raise Refused("price_missing", f"/series/{price.series}", day.isoformat())
    if series.currency != piece.tariff.currency:
        raise Refused("currency_mismatch", f"/series/{price.series}")
    return value
