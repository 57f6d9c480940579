"""What bills of a home have to be, by a walk through its days that shares no code with the product.

It knows the yearly ladder of Zhejiang as the utility's paper has it: 2760 and 4800 kWh, in twelfths from the month of the opening
on; a household of five has 100 kWh a month more in the first tier, a month to come counts as the last day that is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

YEAR_KWH = (2760, 4800)
LARGE_KWH = 100
ADDED = (Fraction(0), Fraction("0.05"), Fraction("0.30"))  # yuan per kWh of each tier
PEAK, VALLEY = Fraction("0.568"), Fraction("0.288")
DAY = timedelta(days=1)
NEVER = date.max


@dataclass(frozen=True, kw_only=True)
class Home:
    """What holds of a contract in the end, and what its home used in truth, the same every day."""

    opened: date
    peak_kwh: Fraction
    valley_kwh: Fraction
    prices: Sequence[tuple[date, Fraction]]
    """The price of all hours from each day on, in order."""
    used_kwh: Fraction = Fraction(0)
    large_from: date = NEVER
    by_time_from: date = NEVER

    @property
    def kwh(self) -> Fraction:
        return self.peak_kwh + self.valley_kwh

    def rate_on(self, day: date) -> tuple[tuple[str, Fraction, Fraction], ...]:
        """Return what a day is billed by: period, kWh and price of each part."""
        if day >= self.by_time_from:
            return (("peak", self.peak_kwh, PEAK), ("valley", self.valley_kwh, VALLEY))
        return (("", self.kwh, [price for since, price in self.prices if since <= day][-1]),)

    def limits(self, known: date) -> list[Fraction]:
        """Return the widths of the first tiers in the year of the opening, as a day of it knows them."""
        first, second = Fraction(0), Fraction(0)
        for month in range(self.opened.month, 13):
            first += Fraction(YEAR_KWH[0], 12)
            second += Fraction(YEAR_KWH[1] - YEAR_KWH[0], 12)
            seen = date(known.year, month + 1, 1) - DAY if month < known.month else known
            first += LARGE_KWH if self.large_from <= seen else 0
        return [first, second]


def _rounded(fen: Fraction) -> int:
    return int((Decimal(fen.numerator) / Decimal(fen.denominator)).quantize(Decimal(1), ROUND_HALF_UP))


def fen_of_bills(home: Home, periods: Sequence[tuple[date, date]]) -> list[int]:
    """Return what each bill of a home has to be, for its periods in order, which cover its days from the opening on."""
    used = [home.used_kwh, Fraction(0), Fraction(0)]
    found = []
    for start, end in periods:
        lines: dict[tuple[object, ...], Fraction] = {}  # exact yuan of what has one price, one part and one tier
        for part in _parts(home, start, end):
            widths = home.limits(part[-1])
            for day in part:
                for period, kwh, price in home.rate_on(day):
                    lines[part[0], period] = lines.get((part[0], period), Fraction(0)) + kwh * price
                rest = home.kwh
                for tier in range(3):
                    room = max(widths[tier] - used[tier], Fraction(0)) if tier < len(widths) else rest
                    taken = min(room, rest)
                    used[tier] += taken
                    rest -= taken
                    lines[part[0], tier] = lines.get((part[0], tier), Fraction(0)) + taken * ADDED[tier]
        found.append(sum(_rounded(yuan * 100) for yuan in lines.values()))
    return found


def _parts(home: Home, start: date, end: date) -> list[list[date]]:
    """Return the days of a bill in parts that are billed by one tariff and price."""
    parts: list[list[date]] = []
    for day in (start + n * DAY for n in range((end - start).days)):
        if not parts or home.rate_on(day) != home.rate_on(parts[-1][-1]):
            parts.append([])
        parts[-1].append(day)
    return parts


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What holds of a shop in the end, and what it used in truth, the same every day."""

    kwh: Fraction
    kvarh: Fraction
    running_kva: Sequence[tuple[date, int]]
    by_capacity_to: date
    """Until then it pays for capacity and a basic charge, from then on more for energy instead."""
    exempt_from: date
    standards: Sequence[tuple[date, int]]

    def hundredths(self) -> int:
        """Return its cos φ."""
        squares = self.kwh**2 + self.kvarh**2
        root = (Decimal(squares.numerator) / Decimal(squares.denominator)).sqrt()
        cos = Decimal(self.kwh.numerator) / Decimal(self.kwh.denominator) / root
        return int((100 * cos).quantize(Decimal(1), ROUND_HALF_UP))


SHOP_ENERGY, SHOP_SINGLE, SHOP_FUND = Fraction("0.6132"), Fraction("0.1517"), Fraction("0.0183")
SHOP_KVA, SHOP_BASIC = Fraction("23.7"), Fraction("1.35")  # a month, a day
BELOW = Fraction("0.005")  # for each hundredth below the standard, as far down as 0.70


def fen_of_shop_bills(shop: Shop, periods: Sequence[tuple[date, date]]) -> list[int]:
    """Return what each bill of a shop has to be, for its periods, each a calendar month."""
    found = []
    for start, end in periods:
        lines: dict[tuple[object, ...], Fraction] = {}  # exact yuan
        for day in (start + n * DAY for n in range((end - start).days)):
            capacity = day < shop.by_capacity_to
            since, kva = [one for one in shop.running_kva if one[0] <= day][-1]
            parts = [("energy", capacity, shop.kwh * SHOP_ENERGY)]
            if capacity:
                parts += [("basic", capacity, SHOP_BASIC), ("kva", since, kva * SHOP_KVA / (end - start).days)]
            else:
                parts += [("single", capacity, shop.kwh * SHOP_SINGLE)]
            if day < shop.exempt_from:
                parts += [("fund", capacity, shop.kwh * SHOP_FUND)]
            for name, part, yuan in parts:
                lines[name, part] = lines.get((name, part), Fraction(0)) + yuan
        standard = [points for since, points in shop.standards if since < end][-1]
        below = standard - shop.hundredths()
        assert 0 < below <= 15
        adjusted = sum((yuan for (name, _), yuan in lines.items() if name != "fund"), Fraction(0))
        lines["factor",] = adjusted * below * BELOW
        found.append(sum(_rounded(yuan * 100) for yuan in lines.values()))
    return found
