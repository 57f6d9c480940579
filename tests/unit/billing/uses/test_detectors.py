"""Detectors of changed uses: each piece of evidence by hand, what is not known, and the quality that a seed has to show."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest

from services.billing.settings import DEFAULT_USES
from services.billing.usages.domain import PackedCurve, Usage
from services.billing.uses.domain import detect, evidence, policy
from services.billing.uses.domain.habits import Habits, habits_of
from services.billing.uses.domain.loads import OFF, WORKING, days_of, hours_of
from services.billing.uses.domain.policy import Profile, Ramp
from services.billing.uses.domain.words import explain
from shared.business_calendar import Calendar
from shared.document import DocumentError
from shared.packed import pack
from tests.kits import uses as kit

DOCUMENT = orjson.loads(DEFAULT_USES.read_bytes())
USES = policy.load(DOCUMENT).on(date(2026, 1, 1))
FLAT = Profile(np.ones((2, 24), dtype=np.int64))


def month(from_: date, to: date, wh: int, hours: list[int] | None = None, **more: Any) -> Usage:
    """The usage of some days; `hours`: the Wh of each day by hour, the same every day."""
    count = (to - from_).days
    at = datetime(from_.year, from_.month, from_.day, tzinfo=kit.ZONE)
    curves = [PackedCurve("import", at, 60, pack(hours * count))] if hours else ()
    values: dict[str, Any] = {
        "usage_id": f"{from_}",
        "service_point_no": "S",
        "org_unit": "zj",
        "route_no": "R",
        "cycle": f"{from_:%Y-%m}",
        "read_date": to,
        "period_from": from_,
        "period_to": to,
        "version": 1,
        "energy": {"import": wh},
        "import_wh": wh,
        "curves": curves,
    }
    return Usage(**values | more)


def months(*wh: int, last: date = date(2026, 7, 1)) -> list[Usage]:
    """Usages of whole months, the last one ending on a day."""
    starts = [
        date(last.year + (last.month - 1 - n) // 12, (last.month - 1 - n) % 12 + 1, 1) for n in range(len(wh) + 1)
    ]
    starts.reverse()
    return [month(a, b, each) for a, b, each in zip(starts, starts[1:], wh, strict=False)]


def habits(usages: list[Usage], calendar: Calendar = kit.CALENDAR) -> Habits:
    found = habits_of(usages, "residential", uses=USES, zone=kit.ZONE, calendar=calendar)
    assert found is not None
    return found


def test_the_level_is_that_of_recent_days_beside_the_same_season_a_year_ago() -> None:
    # 31 + 30 days of May and June 2026 at 10 kWh a day; a year before at 5, the winter between at 20
    known = months(*[155_000, 150_000], *[600_000] * 10, *[310_000, 300_000])
    found = habits(known)
    assert (found.from_, found.to) == (date(2026, 5, 1), date(2026, 7, 1))
    assert (found.level, found.past_level, found.past_of_season) == (10_000, 5_000, True)
    figure = evidence.level_of_past(found)
    assert figure is not None
    assert (figure.value, figure.expected, figure.against) == (2000, 1000, evidence.OWN_PAST_SEASON)
    # without a year: all that came before, 61 days at 20 kWh
    assert habits(months(620_000, 600_000, 310_000, 300_000)).past_level == 20_000
    assert evidence.level_of_past(habits(months(310_000))) is None


def test_an_estimate_says_nothing_of_the_use() -> None:
    known = [
        month(date(2026, 5, 1), date(2026, 6, 1), 310_000),
        month(date(2026, 6, 1), date(2026, 7, 1), 9, estimated=True),
    ]
    assert habits(known).to == date(2026, 6, 1)
    assert habits_of([known[1]], "residential", uses=USES, zone=kit.ZONE, calendar=kit.CALENDAR) is None


def test_a_ramp_gives_points_between_its_ends_rounded_down() -> None:
    assert [Ramp(100, 200, 50).points(value) for value in (99, 100, 101, 150, 199, 200, 900)] == [
        0,
        0,
        0,
        25,
        49,
        50,
        50,
    ]
    assert [Ramp(-100, -300, 50).points(value) for value in (0, -100, -200, -300, -900)] == [0, 0, 25, 50, 50]


def test_half_of_the_use_that_goes_like_a_profile_is_found_as_half_with_its_hours() -> None:
    part = np.zeros((2, 24), dtype=np.int64)
    part[:, 9:12] = 8
    mixed = Profile(FLAT.wh + part)  # 24 of the day are flat, 24 from nine to twelve
    day = mixed.wh[0].tolist()
    found = habits([month(date(2026, 5, 1), date(2026, 7, 1), sum(day) * 61, day)])
    figure = evidence.like(found.shape, Profile(part), FLAT, evidence.CLASS_PROFILE)
    assert figure is not None
    assert (figure.value, figure.hours, figure.days) == (500, (9, 12), evidence.WORKING_DAYS)
    assert evidence.like(found.shape, Profile(part), None, evidence.OWN_PAST) is None
    off = evidence.unlike(found.shape, FLAT)
    assert off is not None
    # 24 flat hours of 1 become 24 of 48: half of the use, less 3 of 24 hours of it that a flat day has there too
    assert off.value == pytest.approx(500 * 21 / 24, abs=1)


def test_shares_nights_peaks_and_days_off_are_those_of_the_curve() -> None:
    day = [1] * 6 + [2] * 12 + [5] * 6  # 60 a day
    found = habits([month(date(2026, 5, 1), date(2026, 7, 1), 60 * 61, day)])
    share = evidence.share(found.shape, (18, 24), WORKING, FLAT)
    assert share is not None
    assert (share.value, share.expected, share.hours) == (500, 250, (18, 24))
    night, peak, off = (
        evidence.night_base(found.shape, (0, 6)),
        evidence.evenness(found.shape),
        evidence.days_off(found.shape, FLAT),
    )
    assert night is not None
    assert peak is not None
    assert off is not None
    assert (night.value, peak.value, off.value) == (400, 2000, 1000)
    quiet = evidence.quiet_days(found.shape, 59)
    assert quiet is not None
    assert quiet.value == 0
    assert evidence.quiet_days(found.shape, 60) == evidence.Figure(value=1000, expected=0, against=evidence.LIMIT)


def test_the_days_of_the_calendar_decide_what_a_business_day_is() -> None:
    # the first of May is a holiday, Saturday 9 May 2026 is worked by (调休)
    hours = hours_of(PackedCurve("import", datetime(2026, 5, 1, tzinfo=kit.ZONE), 30, pack([1] * 48 * 9)), kit.ZONE)
    days = days_of(hours, date(2026, 5, 1), date(2026, 5, 10), kit.CALENDAR)
    assert days.kinds.tolist() == [OFF] * 5 + [WORKING] * 4
    assert days.wh.tolist() == [[2] * 24] * 9


def test_without_a_calendar_of_the_year_no_day_is_of_a_kind_and_nothing_is_guessed() -> None:
    day = [100] * 24
    found = habits([month(date(2026, 5, 1), date(2026, 7, 1), 2400 * 61, day)], Calendar([]))
    assert (found.shape, evidence.month_of_holidays(found)) == (None, None)
    scores = {each.code: each for each in detect.scores(found, USES)}
    assert {each.name for each in scores["billing.use_like_workshop"].evidence} == {"level_of_class"}


def test_the_month_of_holidays_is_compared_with_those_beside_it() -> None:
    # February 2026 has most days off (the Spring Festival): 3 kWh a day beside 10
    found = habits(months(310_000, 28 * 3_000, 310_000, 300_000, last=date(2026, 5, 1)))
    figure = evidence.month_of_holidays(found)
    assert figure is not None
    assert (figure.value, figure.against) == (300, evidence.NEIGHBOUR_MONTHS)
    assert evidence.month_of_holidays(habits(months(310_000, 300_000))) is None


def test_curves_of_a_zone_with_summer_time_are_days_of_24_local_hours() -> None:
    london = ZoneInfo("Europe/London")
    start = datetime(2025, 3, 29, tzinfo=london)  # the clock goes forward on the 30th
    values = list(range(24)) + list(range(100, 123)) + list(range(200, 224))
    hours = hours_of(PackedCurve("import", start, 60, pack(values)), london)
    assert sorted(hours) == [date(2025, 3, 29) + timedelta(days=i) for i in range(3)]
    assert hours[date(2025, 3, 30)].tolist() == [100, 0, *range(101, 123)]
    assert hours[date(2025, 3, 31)].tolist() == list(range(200, 224))


@pytest.mark.parametrize("values", ["no curve", pack([20_000_000] * 24)])
def test_a_curve_that_cannot_be_read_or_be_a_homes_is_none(values: str) -> None:
    assert hours_of(PackedCurve("import", datetime(2026, 5, 1, tzinfo=kit.ZONE), 60, values), kit.ZONE) == {}


def test_a_score_just_under_its_limit_finds_nothing_and_at_it_does() -> None:
    known = next(each for each in kit.places(5, 12) if each.truth == "use_like_workshop")
    found = habits(kit.usages(known))
    best = max(detect.scores(found, USES), key=lambda each: each.beyond)
    assert best.code == "billing.use_like_workshop"
    name = best.code.removeprefix("billing.")

    def limit(permille: int) -> str | None:
        document = orjson.loads(DEFAULT_USES.read_bytes())
        for each, detector in document["versions"][0]["detectors"].items():
            detector["limit_permille"] = permille if each == name else 1001
        finding = detect.find(found, policy.load(document).on(date(2026, 1, 1)))
        return finding.code if finding else None

    assert limit(best.score) == best.code
    assert limit(best.score + 1) is None


def test_a_finding_says_every_figure_that_gave_points_in_both_languages() -> None:
    for place in kit.places(3, 3):
        for curves in (True, False):
            found = habits(kit.usages(place, curves=curves))
            for score in detect.scores(found, USES):
                values = {
                    "score": score.score,
                    "whole_days": int(curves),
                    "evidence": [e.as_json() for e in score.evidence],
                }
                zh, en = explain(score.code, values, "zh"), explain(score.code, values, "en")
                points = sum(1 for each in score.evidence if each.points)
                assert len(zh) == len(en) == 1 + points + (not curves)
                assert not any("{" in line or "?" in line for line in (*zh, *en))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"hours": {"open": [18, 9], "work": [8, 17], "evening": [18, 23], "night": [0, 6]}}, "/versions/0/hours/open"),
        ({"profiles": {}}, "/versions/0/profiles/home"),
        ({"detectors": {}}, "/versions/0/detectors/use_like_shop"),
        ({"other": 1}, "/versions/0/other"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_with_its_place(change: dict[str, Any], pointer: str) -> None:
    document = orjson.loads(DEFAULT_USES.read_bytes())
    document["versions"][0] |= change
    with pytest.raises(DocumentError) as refused:
        policy.load(document)
    assert pointer in {fault.pointer for fault in refused.value.faults}


def test_the_shipped_detectors_keep_the_quality_that_was_measured() -> None:
    """Floors clearly below what `make bench` prints for other seeds: docs/performance.md has the figures."""
    quality = kit.quality(kit.places(4, 16), USES)
    assert quality.auc["use_like_shop"] > 0.93
    assert quality.auc["use_like_workshop"] > 0.97
    assert quality.auc["use_like_rented_rooms"] > 0.94
    assert quality.auc["use_idle"] > 0.98
    homes = quality.confusion["home"]
    assert sum(homes.values()) - homes["none"] <= 0.2 * sum(homes.values())
    for truth in detect.DETECTORS:
        found = quality.confusion[truth]
        assert sum(found.values()) - found["none"] >= 0.7 * sum(found.values()), truth
