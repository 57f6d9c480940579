"""The book of tariffs: versions by effective date, price series, calendars and power factor tables."""

import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from services.billing.rating.tariff.codes import TariffError
from services.billing.rating.tariff.load import load_tariff
from services.billing.rating.tariff.model import Tariff
from services.billing.rating.tariff.node import Node
from shared import civil, dated
from shared.dated import Period
from shared.exact import Exact
from shared.forms import DECIMAL, TEXT, Form, choice, record, rows, table


@dataclass(frozen=True, slots=True)
class Series:
    """A dated price series kept outside the tariff. `values` are (period, price or None) in order of time.

    An interval series has `minutes` > 0 and `days`: the prices of every slot of a local day.
    """

    id: str
    currency: str
    values: tuple[tuple[Period, Exact | None], ...]
    minutes: int = 0
    days: Mapping[date, tuple[Exact, ...]] = field(default_factory=dict)

    def price_on(self, day: date) -> Exact | None:
        """Return the price of a day, None where it was not supplied."""
        index = bisect_right(self.values, day, key=lambda value: value[0].from_) - 1
        if index < 0:
            return None
        period, price = self.values[index]
        return price if day in period else None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of each year that are not ordinary. A year that is not in it was not supplied."""

    id: str
    years: Mapping[int, Mapping[date, str]]

    def kind_of(self, day: date) -> str | None:
        """Return the kind of a day, None where its year was not supplied."""
        year = self.years.get(day.year)
        return None if year is None else year.get(day, "ordinary")


class TariffBook:
    """Loaded tariffs by id and version. Versions of an id must follow each other without gap or overlap.

    A version whose end is open holds until the next one begins: so a price can change while bills have used the version
    before, and even for days that are billed already.

    `stamp` is different for every book: a cache may use it as part of its key.
    """

    def __init__(
        self,
        tariffs: Iterable[Tariff],
        series: Iterable[Series] = (),
        calendars: Iterable[Calendar] = (),
    ) -> None:
        by_id: dict[str, list[Tariff]] = {}
        for tariff in tariffs:
            by_id.setdefault(tariff.id, []).append(tariff)
        self.versions: dict[str, tuple[Tariff, ...]] = {name: _ordered(v) for name, v in by_id.items()}
        self.series = {s.id: s for s in series}
        self.calendars = {c.id: c for c in calendars}

    def version_on(self, tariff_id: str, day: date) -> Tariff | None:
        """Return the version that holds on a day (or the one whose first day is not confirmed yet)."""
        for version in reversed(self.versions.get(tariff_id, ())):
            if version.from_ is None or version.from_ <= day:
                return version if version.to is None or day < version.to else None
        return None


def _ordered(versions: list[Tariff]) -> tuple[Tariff, ...]:
    ordered = sorted(versions, key=lambda t: t.from_ or date.min)
    if len({t.version for t in ordered}) != len(ordered):
        raise TariffError("name_twice", "/version", f"{ordered[0].id} has a version twice")
    for index, (before, after) in enumerate(itertools.pairwise(ordered)):
        if before.to is None and after.from_ is not None and before.from_ != after.from_:
            ordered[index] = replace(before, to=after.from_)
        elif before.to is None or after.from_ is None or before.to > after.from_:
            raise TariffError("version_overlap", "/effective/from", f"{after.id} {before.version} and {after.version}")
        elif before.to < after.from_:
            raise TariffError("version_gap", "/effective/from", f"{after.id} {before.version} and {after.version}")
    return tuple(ordered)


def load_series(document: Mapping[str, Any]) -> Series:
    """Load a price series; in order, no gap, no overlap; null = not supplied."""
    return Node.read(document, _series)


def _series(root: Node) -> Series:
    by_interval = isinstance(root.value, Mapping) and "days" in root.value
    root.keys(f"series title unit currency source notes {'interval_minutes days' if by_interval else 'values'}")
    unit, currency = root.get("unit").text(), root.maybe("currency")
    money = currency.text() if currency else unit.split("/")[0]
    if by_interval:
        minutes = root.get("interval_minutes").whole(1, 60)
        days = {}
        for key, item in root.get("days").fields():
            prices = tuple(price.decimal() for price in item.items())
            try:
                days[civil.day(key)] = prices
            except ValueError:
                item.refuse("value_wrong", "a date was expected")
        return Series(root.get("series").text(), money, (), minutes, days)
    values: list[tuple[Period, Exact | None]] = []
    follows = False
    for item in root.get("values").items():
        item.keys("from to price status source")
        span, price = dated.span(item), item.maybe("price")
        amount = price.decimal() if price else None
        before, follows = follows, span is not None
        if span is None:
            continue
        if before and span.from_ != values[-1][0].to:
            last = values[-1][0].to
            item.refuse("series_gap" if last is not None and last < span.from_ else "series_overlap")
        values.append((span, amount))
    return Series(root.get("series").text(), money, tuple(values))


def load_calendar(document: Mapping[str, Any]) -> Calendar:
    """Load a calendar: {"calendar": id, "years": {"2026": {"holiday": [dates], …}}}; null = not supplied."""
    return Node.read(document, _calendar)


def _calendar(root: Node) -> Calendar:
    root.keys("calendar title source years notes")
    years: dict[int, dict[date, str]] = {}
    for key, item in root.get("years").fields():
        if not re.fullmatch("[0-9]{4}", key):
            item.refuse("value_wrong", "a year was expected")
            continue
        if item.value is None:
            continue
        days: dict[date, str] = {}
        for kind, listed in item.fields():
            for entry in listed.items():
                day = entry.day()
                if day is None or str(day.year) != key:
                    entry.refuse("value_wrong", "a date of the year was expected")
                elif day in days:
                    entry.refuse("name_twice")
                else:
                    days[day] = kind
        years[int(key)] = days
    return Calendar(root.get("calendar").text(), years)


_STEPS: Final = rows(
    record({"to_points": {"type": ["integer", "null"], "minimum": 1, "maximum": 100}, "percent_per_point": DECIMAL})
)
TABLE: Final = Form(
    record(
        {"table": TEXT, "penalty": _STEPS, "reward": table({**_STEPS, "minItems": 0})},
        {"title": TEXT, "source": TEXT, "cos_phi": choice("half_up", "down")},
        "a power factor table: percent of adjustment by hundredths of cos φ below and above each standard",
    )
)


def load_table(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check a power factor table; its steps are loaded with each charge that names it."""
    if faults := TABLE.faults(document):
        raise TariffError(*faults[0], faults[1:])
    return document


def load_book(documents: Sequence[Mapping[str, Any]]) -> TariffBook:
    """Load documents of every sort (tariffs, series, calendars, power factor tables) into one book."""
    tables = {d["table"]: load_table(d) for d in documents if "table" in d}
    series = [load_series(d) for d in documents if "series" in d]
    calendars = [load_calendar(d) for d in documents if "calendar" in d]
    rest = [d for d in documents if not ({"table", "series", "calendar"} & set(d))]
    return TariffBook([load_tariff(d, tables) for d in rest], series, calendars)


def check_replacement(old: Tariff, new: Tariff, *, used: bool) -> None:
    """Refuse to change a version that an issued bill used (`version_in_use`)."""
    if used and (old.id, old.version) == (new.id, new.version) and old.sha256 != new.sha256:
        raise TariffError("version_in_use", "/version", f"{old.id} {old.version}")
