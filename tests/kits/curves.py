"""Day curves, and the curves of real meters that come with the tests."""

import gzip
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Register
from services.reading.reads.domain.curves import Curve, CurveKey

FOLDER = Path(__file__).parents[1] / "cases" / "curves"
SHANGHAI, LONDON = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/London")
Values = Sequence[int | None]


def curve(day: date, values: Values, minutes: int = 30, meter_no: str = "M1", quality: str | None = None) -> Curve:
    letters = "".join("-" if value is None else "a" for value in values)
    return Curve(
        meter_no=meter_no,
        day=day,
        quantity="import",
        interval_minutes=minutes,
        values=tuple(values),
        quality=letters if quality is None else quality,
    )


def by_key(curves: Iterable[Curve]) -> dict[CurveKey, Curve]:
    return {each.key: each for each in curves}


def stood(from_: date, to: date | None = None, meter_no: str = "M1", scale: int = 3) -> Installation:
    """A meter on its point, whose register shows Wh."""
    registers = (Register("import", 9, scale),)
    return Installation(meter_no=meter_no, from_=from_, to=to, registers=registers, opening=(0,), closing=None)


def days(from_: date, to: date) -> list[date]:
    return [from_ + timedelta(days=i) for i in range((to - from_).days)]


def real(file: str, quantity: str = "") -> dict[datetime, int]:
    """Wh of a real meter by the instant at which a slot begins."""
    lines = gzip.decompress((FOLDER / file).read_bytes()).decode().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    return {datetime.fromisoformat(row[0]): int(row[-1]) for row in rows if quantity in ("", row[1])}


def by_day(real: dict[datetime, int], from_: date, to: date, minutes: int, zone: ZoneInfo) -> dict[date, Values]:
    """Return the slots of each local day; what the meter has not is missing."""
    found: dict[date, Values] = {}
    for day in days(from_, to):
        start, end = calendar.day_bounds(day, zone)
        count = int((end - start).total_seconds()) // (60 * minutes)
        found[day] = [real.get(start.astimezone(UTC) + timedelta(minutes=minutes * i)) for i in range(count)]
    return found
