"""Curves as columns: a row of slots per bill, summed by run of slots of one period; and the highest 15-minute mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import lcm
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from services.billing.rating.bulk.forms import MISSING, Plan
from services.billing.rating.bulk.segments import Piece
from services.billing.rating.bulk.work import Unsupported, Work
from services.billing.rating.rating_types import Curve
from services.billing.rating.tariff.book import Series
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import DaySchedule, Tariff
from shared.arrays import SAFE, Bools, Col, Ints

STEPS: Final = (1, 5, 10, 15, 20, 30, 60)
QUARTER: Final = 15


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of a curve within a piece: [first, last) of the row; of each its day and local minute; and the runs of
    consecutive slots of one period: where each starts (counted from `first`) and which period it is.
    """

    first: int
    last: int
    days: tuple[date, ...]
    minutes: Ints
    run_starts: Ints
    run_periods: Ints


def local_minutes(day: date, zone: ZoneInfo, step: int) -> list[int]:
    """Return the local minutes at which the slots of a day begin; days of 23 and 25 hours have their own."""
    start, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    length = int((end - start).total_seconds()) // 60
    if length == 24 * 60:
        return list(range(0, length, step))
    if length % step:
        raise Unsupported("a day that is no multiple of the slots")
    local = ((start + timedelta(minutes=m)).astimezone(zone) for m in range(0, length, step))
    return [at.hour * 60 + at.minute for at in local]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _slots(plan: Plan, piece: Piece, part: int, at: int) -> Slots:
    return plan.once(("slots", piece.index, part, at), lambda: _map(plan, piece, part, at))


def _map(plan: Plan, piece: Piece, part: int, at: int) -> Slots:
    read = plan.request.usage[part]
    curve = read.curves[at]
    zone = ZoneInfo(piece.tariff.time_zone)
    _check_span(curve, read.from_, read.to, zone)
    first = last = 0
    days: list[date] = []
    minutes: list[int] = []
    periods: list[int] = []
    for number in range((min(read.to, piece.to) - read.from_).days):
        day = read.from_ + timedelta(days=number)
        starts = local_minutes(day, zone, curve.minutes)
        last += len(starts)
        if day < piece.from_:
            first += len(starts)
            continue
        days += [day] * len(starts)
        minutes += starts
        periods += _periods_of(schedule(plan, piece.tariff, day), starts, curve)
    kinds = np.array(periods, dtype=np.int64)
    run_starts = np.flatnonzero(np.concatenate(([True], kinds[1:] != kinds[:-1]))).astype(np.int64)
    return Slots(first, last, tuple(days), np.array(minutes, dtype=np.int64), run_starts, kinds[run_starts])


def _check_span(curve: Curve, from_: date, to: date, zone: ZoneInfo) -> None:
    pointer = f"/usage/curves/{curve.quantity}"
    if curve.minutes not in STEPS:
        raise Refused("request_wrong", f"{pointer}/minutes")
    end = curve.start + timedelta(minutes=curve.minutes) * len(curve.wh)
    if (curve.start, end) != (_midnight(from_, zone), _midnight(to, zone)):
        raise Refused("curve_span", pointer)


def schedule(plan: Plan, tariff: Tariff, day: date) -> DaySchedule:
    """Return the periods of a day by its kind, month and weekday; no periods: one for the whole day."""
    if not tariff.periods:
        return ((0, 24 * 60, 0),)
    if tariff.hours_unconfirmed:
        raise Refused("hours_unconfirmed", "/periods")
    kind = "ordinary"
    if tariff.calendar is not None:
        calendar = plan.book.calendars.get(tariff.calendar)
        named = calendar.kind_of(day) if calendar is not None else None
        if named is None:
            raise Refused("holiday_year_missing", f"/calendars/{tariff.calendar}", str(day.year))
        kind = named if named in tariff.schedules else kind
    return tariff.schedules[kind][day.month - 1][day.weekday()]


def _periods_of(day: DaySchedule, starts: list[int], curve: Curve) -> list[int]:
    out = []
    for minute in starts:
        inside = {period for a, b, period in day if a < minute + curve.minutes and b > minute}
        if len(inside) > 1:
            raise Refused("curve_slot_across_border", f"/usage/curves/{curve.quantity}")
        out.append(inside.pop())
    return out


def _opened(work: Work, part: int, at: int) -> tuple[Ints, Ints]:
    """Return the slots of a curve and the highest of each row, checked once.

    Rows with gaps are refused, rows that could overflow a sum are set apart.
    """
    key = ("curve", part, at)
    if key not in work.opened:
        table = work.columns[key]
        most = SAFE // (table.shape[1] * 60)
        # read without sign, what is missing or below zero is above all others: one pass finds all that needs a closer look
        highs = table.view(np.uint64).max(axis=1)
        if (highs > most).any():
            table, highs = _checked(work, part, at, table, most)
        work.opened[key] = table, highs.astype(np.int64)
    return work.opened[key]


def _checked(work: Work, part: int, at: int, table: Ints, most: int) -> tuple[Ints, Ints]:
    lows, highs = table.min(axis=1), table.max(axis=1)
    gaps = lows == MISSING
    quantity = work.plan.request.usage[part].curves[at].quantity
    work.rows.refuse(gaps, Refused("curve_gap", f"/usage/curves/{quantity}/wh"))
    beyond = (highs > most) | ((lows < -most) & ~gaps)
    work.rows.set_apart(beyond)
    table = _without(table, gaps | beyond)
    return table, table.max(axis=1)


def _some(slots: Bools) -> Bools:
    found: Bools = np.any(slots, axis=1)
    return found


def _without(table: Ints, rows: Bools) -> Ints:
    return np.where(rows[:, None], np.int64(0), table)


def _col(work: Work, values: Ints) -> Col:
    return work.rows.read(np.ascontiguousarray(values))


def run_sums(table: Ints, slots: Slots) -> Ints:
    """Sum the slots of each run: one row a bill, one column a run."""
    sums: Ints = np.add.reduceat(table[:, slots.first : slots.last], slots.run_starts, axis=1)
    return sums


def into_quantities(work: Work, piece: Piece, part: int, at: int, own: dict[str, Col]) -> None:
    """Add a curve's Wh to the quantities of a read: the total, and in a tariff with periods each period."""
    read = work.plan.request.usage[part]
    name = read.curves[at].quantity
    slots = _slots(work.plan, piece, part, at)
    runs = run_sums(_opened(work, part, at)[0], slots)
    if name not in own or not (piece.from_ <= read.from_ and read.to <= piece.to):
        own[name] = _col(work, runs.sum(axis=1))
    if name in ("import", "export"):
        for index, register in enumerate(piece.tariff.registers(name)):
            own[register] = _col(work, runs[:, slots.run_periods == index].sum(axis=1))


def _all_slots(work: Work, piece: Piece, quantity: str) -> list[tuple[int, Slots, Ints, Ints]]:
    """Return the slots of a quantity in a piece in order of time: minutes of a slot, where they lie, rows, highest of each."""
    out = []
    for index, read in enumerate(work.plan.request.usage):
        if read.to <= piece.from_ or read.from_ >= piece.to:
            continue
        at = next((i for i, c in enumerate(read.curves) if c.quantity == quantity), None)
        if at is None:
            raise Refused("curve_missing", f"/usage/curves/{quantity}")
        slots = _slots(work.plan, piece, index, at)
        out.append((read.curves[at].minutes, slots, *_opened(work, index, at)))
    return out


def highest_mean(work: Work, piece: Piece, quantity: str) -> Col:
    """Return the highest 15-minute mean in W; slots must be of 15 minutes or divide them."""
    steps = {c.minutes for p in work.plan.request.usage for c in p.curves if c.quantity == quantity}
    if not steps or any(QUARTER % step for step in steps):
        raise Refused("demand_missing", f"/usage/curves/{quantity}")
    best = work.rows.constant(0)
    for step, slots, table, highs in _all_slots(work, piece, quantity):
        inside = table[:, slots.first : slots.last]
        if step < QUARTER:
            work.rows.set_apart(_some(inside < 0))
            quarters = slots.minutes // QUARTER
            starts = np.flatnonzero(np.concatenate(([True], quarters[1:] != quarters[:-1])))
            inside = np.add.reduceat(inside, starts, axis=1)
        highest = highs if inside.shape == table.shape else inside.max(axis=1)
        best = work.rows.most(best, _col(work, highest * (60 // QUARTER)))
    return best


def tiers_in_time(work: Work, piece: Piece, quantity: str, skip: Col, tiers: list[Col]) -> list[list[Col]]:
    """Return Wh by period and tier as the slots fill the tiers one after the other; `skip` goes first.

    What a run puts into a tier is the difference of its two ends, each cut to the borders of the tier.
    """
    rows = work.rows
    table = [[rows.constant(0)] * len(tiers) for _ in piece.tariff.periods]
    borders = [skip]
    for tier in tiers[:-1]:
        borders.append(rows.plus(borders[-1], rows.at_least_zero(tier)))
    borders.append(rows.constant(SAFE))
    done = np.zeros(rows.n, dtype=np.int64)
    for _, slots, slots_wh, _ in _all_slots(work, piece, quantity):
        rows.set_apart(_some(slots_wh[:, slots.first : slots.last] < 0))
        ends = done[:, None] + np.cumsum(run_sums(slots_wh, slots), axis=1)
        starts = np.concatenate((done[:, None], ends[:, :-1]), axis=1)
        for t in range(len(tiers)):
            low, high = borders[t].v[:, None], borders[t + 1].v[:, None]
            inside = np.clip(ends, low, high) - np.clip(starts, low, high)
            for period in range(len(table)):
                more = _col(work, inside[:, slots.run_periods == period].sum(axis=1))
                table[period][t] = rows.plus(table[period][t], more)
        done = ends[:, -1]
    return table


def by_interval(work: Work, piece: Piece, quantity: str, series: Series) -> tuple[Col, list[Col], int]:
    """Price every slot by the price of its own slot: Wh, value by day, and the denominator of the values."""
    wh = work.rows.constant(0)
    days: list[Col] = []
    den = 1000 * lcm(1, *(p.den for day in series.days.values() for p in day))
    if den > SAFE:
        raise Unsupported("denominators too large")
    for minutes, slots, table, _ in _all_slots(work, piece, quantity):
        if series.minutes % minutes:
            raise Refused("curve_slot_across_price", f"/series/{series.id}")
        nums = _slot_prices(slots, series, den)
        most = SAFE // (max(1, *map(abs, nums)) * len(nums))
        inside = table[:, slots.first : slots.last]
        beyond = _some((inside > most) | (inside < -most))
        work.rows.set_apart(beyond)
        inside = _without(inside, beyond)
        wh = work.rows.plus(wh, _col(work, inside.sum(axis=1)))
        starts = [i for i, day in enumerate(slots.days) if i == 0 or day != slots.days[i - 1]]
        values = np.add.reduceat(inside * np.array(nums, dtype=np.int64), starts, axis=1)
        days += [_col(work, values[:, i]) for i in range(len(starts))]
    return wh, days, den


def _slot_prices(slots: Slots, series: Series, den: int) -> Sequence[int]:
    out = []
    for day, minute in zip(slots.days, slots.minutes.tolist(), strict=True):
        prices = series.days.get(day)
        slot = minute // series.minutes
        if prices is None or slot >= len(prices):
            raise Refused("price_missing", f"/series/{series.id}", day.isoformat())
        out.append(prices[slot].num * (den // 1000 // prices[slot].den))
    return out
