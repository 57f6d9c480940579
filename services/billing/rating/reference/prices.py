"""What a price is on the days that the document's rule names."""

from datetime import date

from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Number, Price, Ratio, SeasonalPrice, SeriesPrice, SumOfPrices
from shared.exact import ZERO, Exact, divide


def resolve(price: Price, frame: Frame, segment: Segment) -> Exact:
    """Return the unit price in yuan.

    Series and seasonal prices are taken on the days named by `series_at`; a price that is not the same in all bill months
    of the cycle is refused, a missing one too.
    """
    if isinstance(price, Number):
        return price.value
    days = key_days(frame, segment)
    found = _on(price, days[0], frame, segment)
    for day in days[1:]:
        other = _on(price, day, frame, segment)
        if found[0] * other[1] != other[0] * found[1]:
            raise Refused("price_changes_in_cycle", "/cycle/bill_months", day.isoformat())
    return found


def key_days(frame: Frame, segment: Segment) -> tuple[date, ...]:
    """Return the days on which dated prices are looked up."""
    if segment.tariff.series_at == "read_day":
        return (frame.request.read_day,)
    if segment.tariff.series_at == "first_day":
        return (segment.from_,)
    return frame.request.bill_months


def _on(price: Price, day: date, frame: Frame, segment: Segment) -> Exact:
    if isinstance(price, Number):
        return price.value
    if isinstance(price, SumOfPrices):
        total = ZERO
        for part in price.parts:
            total = total.plus(_on(part, day, frame, segment))
        return total
    if isinstance(price, Ratio):
        value = _on(price.base, day, frame, segment).times(price.times)
        if price.round is None or price.round.mode == "none":
            return value
        step = price.round.step
        steps = divide(value.num * step.den, value.den * step.num, price.round.mode)
        return Exact(steps * step.num, step.den)
    if isinstance(price, SeasonalPrice):
        return _on(price.months[day.month - 1], day, frame, segment)
    return from_series(price, day, frame, segment)


def from_series(price: SeriesPrice, day: date, frame: Frame, segment: Segment) -> Exact:
    """Look a price up in its series; a missing month or another currency refuses the bill."""
    series = frame.book.series.get(price.series)
    value = series.price_on(day) if series else None
    if series is None or value is None:
        raise Refused("price_missing", f"/series/{price.series}", day.isoformat())
    if series.currency != segment.tariff.currency:
        raise Refused("currency_mismatch", f"/series/{price.series}", f"{series.currency}, {segment.tariff.currency}")
    return value
