"""Whatever is missing, whichever clock changes: an aligned curve is the energy of the registers, and no slot is below zero."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reading.network.domain import calendar
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.refusal import Refused
from services.reading.policies.domain import CurveRules
from services.reading.reads.domain import curves
from services.reading.reads.domain.curve_alignment import Aligned, Wanted, aligned
from services.reading.reads.domain.curves import Curve, slots_of_day
from tests.kits.curves import by_key, curve, stood
from tests.kits.effort import examples

GENEROUS = CurveRules(
    gap_fill_minutes_max=44_640, like_day_minutes_max=44_640, filled_percent_max=10_000, sum_tolerance_percent=100
)
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Sydney"]).map(ZoneInfo)
STARTS = st.sampled_from(
    [date(2026, 3, 5), date(2026, 3, 27), date(2026, 10, 3), date(2026, 10, 24), date(2026, 10, 31)]
)
LETTERS = st.sampled_from("aaaaae-")


@st.composite
def day_curves(draw: Any, day: date, zone: ZoneInfo, minutes: int, meter_no: str) -> Curve:
    count = slots_of_day(day, minutes, zone)
    base, runs = draw(st.integers(0, 5000)), draw(st.lists(st.tuples(LETTERS, st.integers(1, 40)), max_size=8))
    quality = "".join(letter * length for letter, length in runs)[:count].ljust(count, "a")
    values = [None if letter == "-" else (base * (i % 7) + i) % 5001 for i, letter in enumerate(quality)]
    return curve(day, values, minutes, meter_no, quality)


@st.composite
def periods(draw: Any) -> tuple[Any, ...]:
    zone, from_, length = draw(ZONES), draw(STARTS), draw(st.integers(1, 16))
    to = from_ + timedelta(days=length)
    exchange = from_ + timedelta(days=draw(st.integers(0, length)))
    meters = [stood(date(2025, 1, 1), exchange), stood(exchange, None, "M2")]
    minutes = draw(st.sampled_from([15, 30, 60]))
    own = []
    for i in range(length):
        day = from_ + timedelta(days=i)
        finer = draw(st.sampled_from([m for m in curves.INTERVALS if minutes % m == 0]))
        for meter in meters:
            if meter.from_ <= day and (meter.to is None or day <= meter.to) and draw(st.integers(0, 9)):
                own.append(draw(day_curves(day, zone, finer, meter.meter_no)))
    ran = sum(value or 0 for each in own for value in each.values)
    return zone, from_, to, minutes, meters, own, ran * draw(st.integers(60, 150)) // 100


def attempt(wanted: Wanted, meters: list[Installation], own: list[Curve], zone: ZoneInfo) -> Aligned | str:
    try:
        return aligned(wanted, meters, by_key(own), rules=GENEROUS, zone=zone)
    except Refused as refused:
        return refused.code


@settings(max_examples=examples(150))
@given(periods())
def test_an_aligned_curve_is_exactly_what_the_registers_ran(period: tuple[Any, ...]) -> None:
    zone, from_, to, minutes, meters, own, energy = period
    wanted = Wanted(quantity="import", from_=from_, to=to, minutes=minutes, energy_wh=energy)
    found = attempt(wanted, meters, own, zone)
    if isinstance(found, str):
        assert found in ("reading.curve_gap", "reading.curve_sum_differs")
        return
    start, end = calendar.day_bounds(from_, zone)[0], calendar.day_bounds(to, zone)[0]
    assert (sum(found.values), found.start) == (energy, start)
    assert len(found.values) * timedelta(minutes=minutes) == end - start
    assert min(found.values) >= 0


@settings(max_examples=examples(150))
@given(periods(), st.integers(0, 100))
def test_what_was_measured_stands_where_the_registers_leave_something_for_the_gaps(
    period: tuple[Any, ...], more_percent: int
) -> None:
    zone, from_, to, minutes, _, own, _ = period
    one = {each.day: each for each in own}
    known = sum(sum(v or 0 for v, r in zip(*each.summed(minutes), strict=True) if r == 2) for each in one.values())
    wanted = Wanted(
        quantity="import", from_=from_, to=to, minutes=minutes, energy_wh=known + known * more_percent // 100
    )
    alone = [curve(d, c.values, c.interval_minutes, "M1", c.quality) for d, c in one.items()]
    found = attempt(wanted, [stood(date(2025, 1, 1))], alone, zone)
    if isinstance(found, str):
        assert found == "reading.curve_gap"
        return
    at = 0
    for i in range((to - from_).days):
        day = from_ + timedelta(days=i)
        count = slots_of_day(day, minutes, zone)
        own_day = one.get(day)
        if own_day is not None and found.finding is not None:
            values, ranks = own_day.summed(minutes)
            for value, rank, aligned_to in zip(values, ranks, found.values[at : at + count], strict=True):
                assert rank < 2 or value == aligned_to
        at += count
    assert at == len(found.values)
