"""Homes, and homes that are used for something else: three real meters, published profiles, and mixtures of both by a seed.

What is drawn here is in no policy and no detector: profiles of other trades than the shipped ones, machines that follow no
profile, homes that use more for reasons of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import orjson

from services.billing.usages.domain import PackedCurve, Usage
from services.billing.uses.domain import detect
from services.billing.uses.domain.habits import habits_of
from services.billing.uses.domain.policy import Uses
from shared.business_calendar.folder import DOCUMENTS
from shared.business_calendar.folder import load as load_calendar
from shared.events.reading import UsageMeasured
from shared.packed import pack, unpack
from tests.kits import billing

FOLDER = Path(__file__).parents[1] / "cases" / "uses"
CALENDAR = load_calendar(DOCUMENTS)
ZONE = ZoneInfo("Asia/Shanghai")
TYPICAL: Final = 7000  # Wh a day of a home, what levels are drawn around
ENDS = [date(2025, 6, 1), date(2025, 9, 1), date(2025, 12, 1), date(2026, 2, 1), date(2026, 4, 1), date(2026, 7, 1)]
DAYS = 400
YEAR = 364
SHOPS = ("g4", "g0", "g2", "g5", "g6", "g25")
OFTEN = 0.5
Wh = npt.NDArray[np.float64]
Draw = np.random.Generator


@dataclass(frozen=True, slots=True)
class Place:
    """What a point measured: hours of so many days up to `end`; `truth` is what it is, `of` of which sort."""

    truth: str
    of: str
    end: date
    hours: Wh

    @property
    def days(self) -> list[date]:
        return [self.end - timedelta(days=len(self.hours) - i) for i in range(len(self.hours))]


@cache
def meters() -> list[tuple[date, Wh]]:
    """Return the first day of each real meter and the Wh of its days by 24 hours."""
    found = orjson.loads((FOLDER / "uk_meters.json").read_bytes())["meters"]
    return [
        (date.fromisoformat(each["first_day"]), np.array(unpack(each["wh"]), dtype=np.float64).reshape(-1, 24))
        for each in found
    ]


@cache
def profiles() -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads((FOLDER / "bdew_profiles.json").read_bytes())["profiles"]
    return found


def season(day: date) -> str:
    return "winter" if day.month in (11, 12, 1, 2) else "summer" if 5 <= day.month <= 8 else "transition"


def by_profile(name: str, days: Sequence[date]) -> Wh:
    """Return the hours of days by a published profile whose mean day is 1; a day off is a Sunday, or the Saturday it is."""
    rows = []
    for day in days:
        kind = "working" if CALENDAR.is_business_day(day) else "saturday" if day.weekday() == 5 else "sunday"
        rows.append(profiles()[name][season(day)][kind])
    return np.array(rows, dtype=np.float64) / 24_000


def machines(draw: Draw, days: Sequence[date]) -> Wh:
    """Return the hours of a workshop whose mean day is about 1: two shifts with a break, six days a week or business days."""
    day = np.full(24, 0.1)
    day[8 + draw.integers(0, 2) : 12] = 1.0
    day[13 : 17 + draw.integers(0, 3)] = 1.0
    saturdays = draw.random() < OFTEN
    runs = [CALENDAR.is_business_day(each) or (saturdays and each.weekday() == 5) for each in days]
    idle = np.full(24, 0.1)
    hours = np.stack([day if run else idle for run in runs])
    return hours / hours.sum() * len(days)


def home(draw: Draw, days: Sequence[date], level: float | None = None) -> Wh:
    """Return days of a real meter of the same weekday and season, shifted, scaled to a level in Wh a day, shuffled a little."""
    first, hours = meters()[draw.integers(0, 3)]
    near = [int(draw.integers(-2, 3)) * 7 for _ in range(DAYS // 28 + 1)]
    rows = []
    for i, day in enumerate(days):
        at = ((day - first).days + near[i // 28]) % YEAR
        years = list(range(at, len(hours), YEAR))
        rows.append(hours[years[int(draw.integers(0, len(years)))]])
    found = np.roll(np.stack(rows), int(draw.integers(-1, 3)), axis=1) * draw.uniform(0.85, 1.15, (len(days), 1))
    wanted = TYPICAL * draw.uniform(0.5, 1.9) if level is None else level
    scaled: Wh = found * (wanted / found.sum(axis=1).mean())
    return scaled


def noise(draw: Draw, hours: Wh) -> Wh:
    noisy: Wh = hours * draw.uniform(0.85, 1.15, (len(hours), 1)) * draw.uniform(0.4, 1.6, hours.shape)
    return noisy


def since(draw: Draw) -> int:
    """Return from which of the days on a place is used otherwise: all of them, or the last 65 to 160."""
    return 0 if draw.random() < OFTEN else DAYS - int(draw.integers(65, 160))


def joined(draw: Draw, before: Wh, after: Wh) -> Wh:
    begins = since(draw)
    return np.concatenate([before[:begins], after[begins:]])


def _plain(draw: Draw, days: Sequence[date]) -> tuple[str, Wh]:
    return "plain", home(draw, days)


def _grown(draw: Draw, days: Sequence[date]) -> tuple[str, Wh]:
    """A home that uses more, or at other hours, for reasons of its own."""
    was = home(draw, days)
    of = ("car", "heat", "at_home", "child", "away")[int(draw.integers(0, 5))]
    now = was.copy()
    if of == "car":
        hours = (22 + np.arange(int(draw.integers(2, 5)))) % 24
        charged = draw.random(len(days)) < draw.uniform(0.3, 0.9)
        now[np.ix_(charged, hours)] += draw.uniform(2000, 6500)
    elif of == "heat":
        cold = np.array([season(day) != "transition" for day in days])
        now[cold] *= draw.uniform(1.5, 2.5)
    elif of == "at_home":
        busy = np.array([CALENDAR.is_business_day(day) for day in days])
        now[np.ix_(busy, np.arange(9, 18))] += draw.uniform(100, 400)
    elif of == "child":
        now *= draw.uniform(1.2, 1.8)
    else:
        away = int(draw.integers(10, 25))
        now[-away - 20 : -20] = draw.uniform(20, 60)
        return of, now
    return of, joined(draw, was, now)


def _shop(draw: Draw, days: Sequence[date]) -> tuple[str, Wh]:
    name = SHOPS[int(draw.integers(0, len(SHOPS)))]
    was = home(draw, days)
    trade = np.roll(by_profile(name, days), int(draw.integers(0, 3)), axis=1) * TYPICAL * draw.uniform(0.8, 4)
    lived_in = (0.0, 0.3, 0.6, 1.0)[int(draw.integers(0, 4))]
    return name, joined(draw, was, lived_in * was + noise(draw, trade))


def _workshop(draw: Draw, days: Sequence[date]) -> tuple[str, Wh]:
    was = home(draw, days)
    name = "g1" if draw.random() < OFTEN else "machines"
    work = by_profile("g1", days) if name == "g1" else machines(draw, days)
    lived_in = (0.0, 0.3, 0.6, 1.0)[int(draw.integers(0, 4))]
    return name, joined(draw, was, lived_in * was + noise(draw, work * TYPICAL * draw.uniform(0.8, 5)))


def _rooms(draw: Draw, days: Sequence[date]) -> tuple[str, Wh]:
    count = int(draw.integers(4, 9))
    rooms = sum((home(draw, days, TYPICAL * draw.uniform(0.3, 0.8)) for _ in range(count)), np.zeros((len(days), 24)))
    return f"{count} rooms", joined(draw, home(draw, days), rooms)


def _idle(draw: Draw, days: Sequence[date]) -> tuple[str, Wh]:
    empty = np.full((len(days), 24), draw.uniform(0, 15)) * draw.uniform(0.8, 1.2, (len(days), 24))
    of = "empty"
    if draw.random() < OFTEN:
        of = "visited"
        visits = draw.random(len(days)) < 0.03
        empty[visits] += home(draw, days)[visits] * 0.5
    return of, joined(draw, home(draw, days), empty)


SORTS: Final[Mapping[str, tuple[Callable[[Draw, Sequence[date]], tuple[str, Wh]], ...]]] = {
    "home": (_plain, _grown),
    "use_like_shop": (_shop,),
    "use_like_workshop": (_workshop,),
    "use_like_rented_rooms": (_rooms,),
    "use_idle": (_idle,),
}


def places(seed: int, each: int) -> list[Place]:
    """Return so many places of each sort, the same for a seed; homes twice as many, half of them with reasons of their own."""
    found = []
    for number, (truth, makers) in enumerate(SORTS.items()):
        for kind, make in enumerate(makers):
            for n in range(each):
                draw = np.random.default_rng([seed, number, kind, n])
                end = ENDS[int(draw.integers(0, len(ENDS)))]
                of, hours = make(draw, [end - timedelta(days=DAYS - i) for i in range(DAYS)])
                found.append(Place(truth, of, end, np.maximum(hours, 0)))
    return found


def as_they_are() -> list[Place]:
    """Return the real meters untouched, 400 days from every fourth week on, with the days moved by whole years of weeks."""
    found = []
    for n, (first, hours) in enumerate(meters()):
        for start in range(0, len(hours) - DAYS + 1, 28):
            end = first + timedelta(days=start + DAYS)
            moved = end + timedelta(days=YEAR * ((date(2026, 7, 1) - end).days // YEAR))
            found.append(Place("home", f"meter {n}", moved, hours[start : start + DAYS]))
    return found


def usages(place: Place, *, curves: bool = True) -> list[Usage]:
    """Return the usages of the calendar months of a place, with the curve of its hours or without."""
    days = place.days
    starts = [day for day in days if day.day == 1] + [place.end]
    found = []
    for n, (from_, to) in enumerate(pairwise(starts)):
        wh = np.rint(place.hours[(from_ - days[0]).days : (to - days[0]).days]).astype(np.int64).ravel().tolist()
        at = datetime(from_.year, from_.month, from_.day, tzinfo=ZONE).astimezone(UTC)
        found.append(
            Usage(
                usage_id=f"U{n}",
                service_point_no="S1",
                org_unit="zj",
                route_no="R1",
                cycle=f"{from_:%Y-%m}",
                read_date=to,
                period_from=from_,
                period_to=to,
                version=1,
                energy={"import": sum(wh)},
                import_wh=sum(wh),
                curves=[PackedCurve("import", at, 60, pack(wh))] if curves else (),
            )
        )
    return found


def facts(place: Place, n: int = 1, *, curves: bool = True, version: int = 1) -> list[UsageMeasured]:
    """Return what reading tells of a place, as the usages of point `SP<n>`."""
    return [
        billing.usage(
            n,
            usage_id=f"U-{n}-{one.period_from}-{version}",
            version=version,
            cycle_from=None,
            **{name: getattr(one, name) for name in ("read_date", "period_from", "period_to")},
            energy_wh=dict(one.energy),
            curves=[
                {"quantity": each.quantity, "start": each.start, "minutes": each.minutes, "values": each.values}
                for each in one.curves
            ],
            **({"replaces_reason": "reread"} if version > 1 else {}),
        ).model_copy(update={"cycle": one.cycle})
        for one in usages(place, curves=curves)
    ]


@dataclass(frozen=True, slots=True)
class Quality:
    """How well detectors tell places apart.

    `auc`: by detector, how often a place of its sort scores above a home; `among_all`: above any other place (0.5 where there
    are none). `confusion`: by what places are, how many are found as what at the shipped limits.
    """

    auc: Mapping[str, float]
    among_all: Mapping[str, float]
    confusion: Mapping[str, Mapping[str, int]]
    by_sort: Mapping[tuple[str, str], Mapping[str, int]]


def quality(drawn: Sequence[Place], limits: Uses, *, curves: bool = True) -> Quality:
    """Judge the detectors by places of which it is known what they are."""
    habits = [
        habits_of(usages(each, curves=curves), "residential", uses=limits, zone=ZONE, calendar=CALENDAR)
        for each in drawn
    ]
    known = [(each, one) for each, one in zip(drawn, habits, strict=True) if one is not None]
    scores = [{s.code.removeprefix("billing."): s.score for s in detect.scores(one, limits)} for _, one in known]
    found = [detect.find(one, limits) for _, one in known]
    codes = [each.code.removeprefix("billing.") if each else "none" for each in found]
    confusion = {truth: dict.fromkeys((*detect.DETECTORS, "none"), 0) for truth in SORTS}
    by_sort: dict[tuple[str, str], dict[str, int]] = {}
    for (place, _), code in zip(known, codes, strict=True):
        confusion[place.truth][code] += 1
        of = by_sort.setdefault((place.truth, place.of), {})
        of[code] = of.get(code, 0) + 1

    def auc(name: str, *others: str) -> float:
        mine = np.array([s[name] for (place, _), s in zip(known, scores, strict=True) if place.truth == name])
        rest = np.array([s[name] for (place, _), s in zip(known, scores, strict=True) if place.truth in others])
        if not len(mine) or not len(rest):
            return 0.5
        return float(((mine[:, None] > rest) + 0.5 * (mine[:, None] == rest)).mean())

    return Quality(
        auc={name: auc(name, "home") for name in detect.DETECTORS},
        among_all={name: auc(name, *(each for each in SORTS if each != name)) for name in detect.DETECTORS},
        confusion=confusion,
        by_sort=by_sort,
    )
