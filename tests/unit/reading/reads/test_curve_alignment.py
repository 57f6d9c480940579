"""The curve of a period adds up to its registers: what stands, what is filled, what is refused."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.refusal import Refused
from services.reading.policies.domain import CurveRules
from services.reading.reads.domain.curve_alignment import Aligned, Demand, Wanted, aligned, spans
from services.reading.reads.domain.curves import Curve, Span
from services.reading.usage.use_cases.curves import told
from shared import packed
from tests.kits.curves import LONDON, SHANGHAI, Values, by_day, by_key, curve, days, real, stood

RULES = CurveRules(gap_fill_minutes_max=120, like_day_minutes_max=4320, filled_percent_max=300, sum_tolerance_percent=2)
FROM, TO = date(2026, 1, 5), date(2026, 1, 19)  # two weeks, from a Monday on
FLAT = [100] * 48
ONE = [stood(date(2000, 1, 1))]


def fortnight(**changed: Values) -> list[Curve]:
    """Half-hours of 100 Wh; `d07` changes the seventh."""
    return [curve(day, changed.get(f"d{day.day:02d}", FLAT)) for day in days(FROM, TO)]


def align(
    curves: list[Curve],
    energy_wh: int,
    *,
    minutes: int = 30,
    from_: date = FROM,
    to: date = TO,
    meters: list[Installation] = ONE,
    rules: CurveRules = RULES,
    zone: ZoneInfo = SHANGHAI,
) -> Aligned:
    wanted = Wanted(quantity="import", from_=from_, to=to, minutes=minutes, energy_wh=energy_wh)
    return aligned(wanted, meters, by_key(curves), rules=rules, zone=zone)


def refusal(curves: list[Curve], energy_wh: int, **more: object) -> str:
    with pytest.raises(Refused) as refused:
        align(curves, energy_wh, **more)  # type: ignore[arg-type]
    return refused.value.code


WHOLE = 14 * 4800


def test_a_curve_that_adds_up_stands_as_it_is() -> None:
    found = align(fortnight(d07=[200, *FLAT[1:]]), WHOLE + 100)
    assert found.values[96:99] == (200, 100, 100)
    assert (sum(found.values), found.finding, found.demand) == (WHOLE + 100, None, Demand(400, 30))
    assert found.start == datetime(2026, 1, 4, 16, tzinfo=UTC)


def test_a_small_difference_is_scaled_away_and_a_larger_one_refused() -> None:
    for energy in (WHOLE + 1300, WHOLE - 1300, WHOLE + 7):
        values = align(fortnight(), energy).values
        assert (sum(values), max(values) - min(values) <= 1) == (energy, True)
    assert refusal(fortnight(), WHOLE + 1400) == "reading.curve_sum_differs"
    assert refusal(fortnight(), WHOLE - 1400) == "reading.curve_sum_differs"


def test_registers_of_whole_kwh_may_differ_by_one_where_little_was_used() -> None:
    little = [curve(day, [1] * 48) for day in days(FROM, TO)]
    coarse = [stood(date(2025, 1, 1), scale=0)]
    assert sum(align(little, 1000, meters=coarse).values) == 1000
    assert sum(align([curve(day, [0] * 48) for day in days(FROM, TO)], 1000, meters=coarse).values) == 1000
    assert refusal(little, 1000) == "reading.curve_sum_differs"


def test_a_short_gap_is_a_straight_line_that_gets_what_the_registers_leave() -> None:
    gap = [*FLAT[:10], None, None, None, 400, *FLAT[14:]]
    found = align(fortnight(d07=gap), WHOLE + 625)
    filled = found.values[96 + 10 : 96 + 13]
    assert filled == (146, 208, 271)  # 100 and 400 on its sides: 175, 250, 325, of which the registers leave 625
    assert (sum(found.values), found.values[:96]) == (WHOLE + 625, (100,) * 96)
    assert found.finding is not None
    assert found.finding.numbers == {"straight": 3, "like_days": 0, "estimated": 0, "energy_wh": 625}


def test_a_longer_gap_is_filled_from_the_same_weekday() -> None:
    mondays = {"d05": [None] * 48, "d12": [300] * 48, "d13": [None] * 5 + [100] * 43}
    known = 11 * 4800 + 48 * 300 + 43 * 100
    found = align(fortnight(**mondays), known + 48 * 300 + 5 * 100)
    assert (found.values[:48], found.values[8 * 48 : 9 * 48]) == ((300,) * 48, (100,) * 48)
    assert found.finding is not None
    assert found.finding.numbers == {"straight": 0, "like_days": 53, "estimated": 0, "energy_wh": 14_900}


def test_a_gap_that_policy_does_not_fill_or_no_day_is_like_is_refused() -> None:
    gap = fortnight(d07=[None] * 48)
    without = CurveRules(
        gap_fill_minutes_max=120, like_day_minutes_max=0, filled_percent_max=300, sum_tolerance_percent=2
    )
    assert refusal(gap, WHOLE, rules=without) == "reading.curve_gap"
    assert refusal(fortnight(d07=[None] * 48, d14=[None] * 48), WHOLE) == "reading.curve_gap"
    assert refusal(fortnight()[:5], WHOLE) == "reading.curve_gap"
    assert refusal([], WHOLE) == "reading.curve_gap"
    assert sum(align(gap, WHOLE).values) == WHOLE


def test_estimated_slots_share_what_is_left_and_measured_ones_stand() -> None:
    estimated = curve(date(2026, 1, 7), [50] * 24 + FLAT[24:], quality="e" * 24 + "a" * 24)
    others = [each for each in fortnight() if each.day != estimated.day]
    found = align([*others, estimated], WHOLE)
    assert found.values == (100,) * (14 * 48)
    assert found.finding is not None
    assert found.finding.numbers == {"straight": 0, "like_days": 0, "estimated": 24, "energy_wh": 2400}


def test_more_than_a_gap_can_have_is_refused_and_less_than_nothing_too() -> None:
    gap = fortnight(d07=[*FLAT[:20], *[None] * 4, *FLAT[24:]])
    known = WHOLE - 400
    assert sum(align(gap, known + 1200).values) == known + 1200
    assert refusal(gap, known + 3000) == "reading.curve_sum_differs"
    under = align(gap, known - 1000)  # the curve is 1.5 % above the registers without anything in the gap
    assert (sum(under.values), under.values[96 + 20 : 96 + 24]) == (known - 1000, (0, 0, 0, 0))
    assert refusal(gap, known - 3000) == "reading.curve_sum_differs"


def test_the_meters_of_an_exchange_are_added_slot_by_slot() -> None:
    day = date(2026, 1, 9)
    meters = [stood(date(2025, 1, 1), day), stood(day, None, "M2")]
    old = [each for each in fortnight() if each.day < day]
    new = [curve(each.day, FLAT, meter_no="M2") for each in fortnight() if each.day > day]
    both = [curve(day, [*FLAT[:20], 30, *[None] * 27]), curve(day, [*[None] * 20, 40, *FLAT[21:]], meter_no="M2")]
    found = align([*old, *new, *both], WHOLE - 30, meters=meters)
    assert (found.values[4 * 48 + 19 : 4 * 48 + 22], found.finding) == ((100, 70, 100), None)
    hole = [both[0], curve(day, [*[None] * 23, *FLAT[23:]], meter_no="M2")]
    filled = align([*old, *new, *hole], WHOLE - 300, meters=meters)
    assert filled.finding is not None
    assert filled.finding.numbers["straight"] == 2  # neither has them
    only_new = [curve(day, FLAT, meter_no="M2")]
    assert align([*old, *new, *only_new], WHOLE, meters=meters).finding is None
    inside = [both[0], curve(day, [*[None] * 20, 40, None, *FLAT[22:]], meter_no="M2")]
    filled = align([*old, *new, *inside], WHOLE - 30, meters=meters)
    assert filled.finding is not None
    assert filled.finding.numbers["straight"] == 1


def test_nothing_runs_before_a_first_meter_after_a_last_one_and_where_none_stands() -> None:
    first, out, back = date(2026, 1, 6), date(2026, 1, 9), date(2026, 1, 12)
    meters = [stood(first, out), stood(back, None, "M2")]
    own = [curve(day, FLAT) for day in days(date(2026, 1, 7), out)]
    own += [curve(first, [None] * 20 + FLAT[20:]), curve(out, FLAT[:10] + [None] * 38)]
    own += [curve(day, FLAT, meter_no="M2") for day in days(back, TO)]
    found = align(own, 2800 + 2 * 4800 + 1000 + 7 * 4800, meters=meters)
    assert found.finding is None
    assert set(found.values[: 48 + 20]) == set(found.values[4 * 48 + 10 : 7 * 48]) == {0}


def test_a_meter_that_was_removed_on_the_first_day_belongs_to_the_period_before() -> None:
    meters = [stood(date(2025, 1, 1), FROM), stood(FROM, None, "M2")]
    assert spans(meters, "import", FROM, TO) == [Span("M2", FROM, TO, "import")]
    own = [curve(FROM, [700] * 20 + [None] * 28), curve(FROM, [None] * 20 + FLAT[20:], meter_no="M2")]
    own += [curve(day, FLAT, meter_no="M2") for day in days(FROM + timedelta(days=1), TO)]
    found = align(own, WHOLE - 2000, meters=meters)
    assert (found.values[:20], found.finding) == ((0,) * 20, None)
    before = spans(meters, "import", date(2026, 1, 1), date(2026, 1, 6))
    assert before == [
        Span("M1", date(2026, 1, 1), date(2026, 1, 6), "import"),
        Span("M2", FROM, date(2026, 1, 6), "import"),
    ]


def test_a_meter_that_comes_back_on_the_day_of_its_removal_counts_once() -> None:
    day = date(2026, 1, 9)
    assert align(fortnight(), WHOLE, meters=[stood(date(2025, 1, 1), day), stood(day)]).values == (100,) * (14 * 48)


def test_finer_slots_are_summed_up_and_others_refused() -> None:
    fives = [curve(day, [5, 6, 7] * 96, 5) for day in days(FROM, TO)]
    energy = 14 * 96 * 18
    for minutes, wh in ((15, 18), (30, 36), (60, 72)):
        assert set(align(fives, energy, minutes=minutes).values) == {wh}
    mixed = [*fives[:5], *[curve(day, [36] * 48) for day in days(FROM + timedelta(days=5), TO)]]
    assert set(align(mixed, energy, minutes=60).values) == {72}
    assert refusal(mixed, energy, minutes=15) == "reading.curve_slots_unfit"
    tens = [curve(day, [12] * 144, 10) for day in days(FROM, TO)]
    assert refusal(tens, energy, minutes=15) == "reading.curve_slots_unfit"
    assert set(align(tens, energy, minutes=30).values) == {36}


def test_demand_is_the_highest_measured_quarter_of_an_hour_or_the_mean_of_longer_slots() -> None:
    def peak(of: int, minutes: int = 60) -> Demand | None:
        count = 1440 // of
        first = [1000, 500, 400, *[10] * (count - 3)]
        own = [curve(day, first if day == FROM else [10] * count, of) for day in days(FROM, TO)]
        return align(own, 1900 + 10 * (14 * count - 3), minutes=minutes).demand

    assert peak(5) == Demand(1900 * 4, 15)
    assert peak(10) == Demand(1900 * 2, 30)
    assert (peak(15, minutes=15), peak(15)) == (Demand(4000, 15), Demand(4000, 15))
    assert (peak(30), peak(60)) == (Demand(2000, 30), Demand(1000, 60))
    estimated = [curve(day, [9] * 48, quality="e" * 48) for day in days(FROM, TO)]
    assert align(estimated, 14 * 48 * 9).demand is None


def test_a_day_that_is_no_multiple_of_the_slots_is_refused() -> None:
    zone, day = ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 5)  # 24 hours and a half
    own, span = [curve(day, [10] * 49)], {"from_": day, "to": day + timedelta(days=1), "zone": zone}
    assert len(align(own, 490, **span).values) == 49  # type: ignore[arg-type]
    assert refusal(own, 490, minutes=60, **span) == "reading.bad_interval"


@pytest.mark.parametrize(
    ("from_", "to", "slots", "found_missing"),
    [(date(2013, 3, 1), date(2013, 4, 1), 31 * 48 - 2, 1), (date(2012, 10, 1), date(2012, 11, 1), 31 * 48 + 2, 96)],
)
def test_a_real_household_with_gaps_over_both_clock_changes(
    from_: date, to: date, slots: int, found_missing: int
) -> None:
    own = by_day(real("uk_half_hours.csv.gz"), from_, to, 30, LONDON)
    given = [value for day in days(from_, to) for value in own[day]]
    known = sum(value or 0 for value in given)
    energy = known + found_missing * known // len(given)  # the gaps ran what the others did
    found = align([curve(day, own[day]) for day in own], energy, from_=from_, to=to, zone=LONDON)
    assert (len(found.values), sum(found.values), given.count(None)) == (slots, energy, found_missing)
    assert all(a == b for a, b in zip(given, found.values, strict=True) if a is not None)
    assert found.demand == Demand(2 * max(value for value in given if value is not None), 30)
    assert found.finding is not None
    numbers = found.finding.numbers
    assert numbers["straight"] + numbers["like_days"] == found_missing
    fact = told("import", found)
    assert packed.unpack(fact.values) == list(found.values)
    assert len(fact.values) < 3_500


@pytest.mark.parametrize(("quantity", "highest_w"), [("import", 12 * 499), ("export", 12 * 401)])
def test_a_real_home_with_panels_by_five_minutes_loses_a_day_and_an_hour(quantity: str, highest_w: int) -> None:
    from_, to = date(2023, 3, 2), date(2023, 3, 30)  # in which the clocks of London change
    own = by_day(real("nem_five_minutes.csv.gz", quantity), from_, to, 5, LONDON)
    whole = [value or 0 for day in own for value in own[day]]
    own[date(2023, 3, 14)] = [None] * 288
    own[date(2023, 3, 20)] = [*own[date(2023, 3, 20)][:140], *[None] * 12, *own[date(2023, 3, 20)][152:]]
    lenient = CurveRules(
        gap_fill_minutes_max=120, like_day_minutes_max=1440, filled_percent_max=1000, sum_tolerance_percent=2
    )
    for minutes in (15, 30, 60):
        found = align(
            [curve(day, own[day], 5) for day in own],
            sum(whole),
            minutes=minutes,
            from_=from_,
            to=to,
            rules=lenient,
            zone=LONDON,
        )
        assert (len(found.values), sum(found.values)) == ((28 * 24 - 1) * 60 // minutes, sum(whole))
        assert found.demand is not None
        assert found.demand.minutes == 15
        assert highest_w // 4 < found.demand.watts <= highest_w
