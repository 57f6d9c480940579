"""Curves: interval energies to kWh per period, and the highest 15-minute mean."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.billing.rating.rating_types import Curve
from services.billing.rating.reference.frame import Frame, Segment
from services.billing.rating.tariff.book import Series
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import DaySchedule, Tariff

DEMAND_MINUTES = 15
"""Demand is the mean over 15 minutes (供电营业规则: 最大需量)."""


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a civil day begins in the zone."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def check_span(curve: Curve, from_: date, to: date, zone: ZoneInfo) -> None:
    """Refuse a curve that does not cover [from_, to) exactly; days of 23 and 25 hours are whole days."""
    pointer = f"/usage/curves/{curve.quantity}"
    if curve.minutes not in (1, 5, 10, 15, 20, 30, 60):
        raise Refused("request_wrong", f"{pointer}/minutes")
    start = curve.start.astimezone(UTC)  # a sum in local time would be one of wall clocks
    end = start + timedelta(minutes=curve.minutes * len(curve.wh))
    if start != day_start(from_, zone) or end != day_start(to, zone):
        raise Refused("curve_span", pointer)
    for index, value in enumerate(curve.wh):
        if value is None:
            raise Refused("curve_gap", f"{pointer}/wh/{index}")


def slots(frame: Frame, tariff: Tariff, curve: Curve, from_: date, to: date) -> Iterator[tuple[date, int, int, int]]:
    """Return (local day, minute of the day, index of the period, Wh) of every slot within [from_, to)."""
    zone = ZoneInfo(tariff.time_zone)
    step = timedelta(minutes=curve.minutes)
    day = date.min
    schedule: DaySchedule = ()
    at = curve.start.astimezone(UTC)
    for wh in curve.wh:
        local = at.astimezone(zone)
        at += step
        if local.date() != day:
            day = local.date()
            if day >= to:
                return
            schedule = _schedule(frame, tariff, day) if day >= from_ else ()
        if day < from_ or wh is None:
            continue
        minute = local.hour * 60 + local.minute
        index = -1
        for start, end, period in schedule:
            if start <= minute < end:
                if minute + curve.minutes > end and not _same_after(schedule, period, end, minute + curve.minutes):
                    raise Refused("curve_slot_across_border", f"/usage/curves/{curve.quantity}", local.isoformat())
                index = period
                break
        yield day, minute, index, wh


def _same_after(schedule: tuple[tuple[int, int, int], ...], period: int, end: int, stop: int) -> bool:
    return all(p == period for a, b, p in schedule if a < stop and b > end)


def _schedule(frame: Frame, tariff: Tariff, day: date) -> tuple[tuple[int, int, int], ...]:
    if not tariff.periods:
        return ()
    if tariff.hours_unconfirmed:
        raise Refused("hours_unconfirmed", "/periods")
    kind = "ordinary"
    if tariff.calendar is not None:
        calendar = frame.book.calendars.get(tariff.calendar)
        found = calendar.kind_of(day) if calendar else None
        if found is None:
            raise Refused("holiday_year_missing", f"/calendars/{tariff.calendar}", str(day.year))
        kind = found if found in tariff.schedules else "ordinary"
    return tariff.schedules[kind][day.month - 1][day.weekday()]


def of_segment(frame: Frame, segment: Segment, quantity: str) -> Iterator[tuple[date, int, int, int]]:
    """Return all slots of a quantity within a segment, in order of time."""
    for part in frame.request.usage:
        if part.to <= segment.from_ or part.from_ >= segment.to:
            continue
        curve = next((c for c in part.curves if c.quantity == quantity), None)
        if curve is None:
            raise Refused("curve_missing", f"/usage/curves/{quantity}")
        check_span(curve, part.from_, part.to, ZoneInfo(segment.tariff.time_zone))
        yield from slots(frame, segment.tariff, curve, segment.from_, segment.to)


def check_prices(frame: Frame, segment: Segment, quantity: str, series: Series) -> None:
    """Refuse slots that have more than one price of an interval series."""
    for part in frame.request.usage:
        if part.to <= segment.from_ or part.from_ >= segment.to:
            continue
        if any(series.minutes % curve.minutes for curve in part.curves if curve.quantity == quantity):
            raise Refused("curve_slot_across_price", f"/series/{series.id}")


def highest_mean_w(frame: Frame, segment: Segment, quantity: str) -> int:
    """Return the highest 15-minute mean in W of a curve of 15-minute slots or of a divisor of 15 minutes.

    Longer slots are refused: they cannot know the highest quarter of an hour.
    """
    best, window, key = 0, 0, (date.min, -1)
    minutes = {c.minutes for p in frame.request.usage for c in p.curves if c.quantity == quantity}
    if not minutes or any(DEMAND_MINUTES % m for m in minutes):
        raise Refused("demand_missing", f"/usage/curves/{quantity}", "slots of 15, 5 or 1 minutes were expected")
    for day, minute, _, wh in of_segment(frame, segment, quantity):
        quarter = (day, minute // DEMAND_MINUTES)
        window = window + wh if quarter == key else wh
        key = quarter
        best = max(best, window * (60 // DEMAND_MINUTES))
    return best
