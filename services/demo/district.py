"""A district of made-up customers, whose use is that of one real household meter, cut and scaled. Pure and seeded.

Every customer takes a slice of the sample's complete days and a scale. What a meter shows at a moment is the sum of that slice up
to then, in whole counts, so registers, day curves and months telescope by construction.
"""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.demo.stories import MONTHS, STORIES, Story

SAMPLE = Path(__file__).parents[2] / "deploy" / "sample" / "uk_half_hourly_meter.csv.gz"
EPOCH = date(
    2025, 12, 1
)  # the manual route goes live here: its December is the previous usage of an estimate in January
GO_LIVE = date(2026, 1, 1)  # all other routes
READ_DAY = 1
SLOTS = 48
PEAK_SLOTS = range(16, 44)  # 08:00 to 22:00
SPAN_DAYS = 90  # December to February
STEADY = (0.8, 1.25)  # daily averages of successive months, so that no bill is held but those of the stories
KWH_A_MONTH = (90, 420)
RISE_MAX = 1.45  # below the limit from which on a sudden rise is held, half as much again
CUSTOMERS_MIN, CUSTOMERS_MAX = 60, 1_000_000
FIXED_DIGITS, FIXED_SCALE = 8, 2
EXCHANGE_DAY = date(2026, 1, 15)
EXCHANGE_OPENING = 320  # 3.20 kWh were on the new meter
MISTYPED_CLOSING = 113_000  # 1130.00 kWh on the old meter, noted as 113.00
MOVE_DAY, PAST_MOVE_DAY = date(2026, 1, 12), date(2026, 1, 20)
MANUAL_SLOT = 19  # the reader comes by at 09:30
MISREAD_COUNTS = 6_000  # the reader noted 60 kWh too much
IMPLAUSIBLE_FROM = date(2026, 2, 1)
IMPLAUSIBLE_KWH = 1_500
CURVE_MINUTES = 30  # the slots of the contract that is billed on its curve
TIME_OF_USE = ("import", "import.peak", "import.valley")
PLAIN = ("import",)
SHOP = ("import", "reactive.import")  # its machines take reactive energy by day: as much as it uses from 08:00 to 22:00
TWO_PART = "CN-SC/commercial-industrial/two-part/capacity"
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Route:
    route_no: str
    org_unit: str
    tariff: str
    quantities: tuple[str, ...]
    manual: bool
    live_from: date
    first: int  # its customers are first … stop - 1
    stop: int

    @property
    def members(self) -> range:
        return range(self.first, self.stop)


@dataclass(frozen=True)
class Customer:
    index: int
    account_no: str
    contract_no: str
    service_point_no: str
    meter_no: str
    people: int
    digits: int
    multiplier: int


def complete_days(path: Path = SAMPLE) -> Ints:
    """Return the sample's complete days as Wh, one row of 48 half-hours per day."""
    days: dict[str, list[int]] = {}
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            # kWh with up to seven decimals: whole Wh, half up, by shifting the text
            whole, _, part = row["value"].partition(".")
            thousandths = int(whole + part[:3].ljust(3, "0"))
            days.setdefault(row["start"][:10], []).append(thousandths + (part[3:4] >= "5"))
    return np.array([values for _, values in sorted(days.items()) if len(values) == SLOTS], dtype=np.int64)


class District:
    """`customers` on `routes` routes: the first half time of use, then plain, the last one read by hand.

    Months are those of `MONTHS`. All arrays are indexed by customer. `phones`: some are told by SMS, and more by call.
    """

    def __init__(self, customers: int = 500, *, routes: int = 4, seed: int = 2026, phones: bool = False) -> None:
        if not CUSTOMERS_MIN <= customers <= CUSTOMERS_MAX or not 4 <= routes <= customers // 15:
            raise ValueError(
                f"a district has {CUSTOMERS_MIN} customers or more, at least 15 on each of 4 or more routes"
            )
        self.size = customers
        self.phones = phones
        self._random = np.random.default_rng(seed)
        days = complete_days(SAMPLE)
        is_peak = np.isin(np.arange(days.size) % SLOTS, PEAK_SLOTS)
        flat = days.reshape(-1)
        self._peak = np.concatenate([[0], np.cumsum(np.where(is_peak, flat, 0))])
        self._valley = np.concatenate([[0], np.cumsum(np.where(is_peak, 0, flat))])
        self.routes = _routes(customers, routes)
        self.stories = {name: self._place(story) for name, story in STORIES.items()}
        self._shift, self._permille = self._use(days)
        self._boost = np.ones(customers, dtype=np.int64)
        self._boost[self.stories["implausible_usage"]] = self._implausible_factor()
        people = self._random.choice([1, 2, 3, 4, 5, 6], size=customers, p=[0.1, 0.25, 0.35, 0.18, 0.08, 0.04])
        self.customers = [
            Customer(
                index=i,
                account_no=f"33{i + 1:08}",
                contract_no=f"K-{i + 1:07}",
                service_point_no=f"SP-{i + 1:07}",
                meter_no=f"M-{i + 1:07}",
                people=int(people[i]),
                digits=6 if i == self.stories["rollover"] else FIXED_DIGITS,
                multiplier=40 if i == self.stories["multiplier"] else 1,
            )
            for i in range(customers)
        ]
        self._unit_wh = np.array([10 * c.multiplier for c in self.customers], dtype=np.int64)
        self._opening = self._openings()

    def _place(self, story: Story) -> int:
        return self.routes[story.route].first + story.place

    def _use(self, days: Ints) -> tuple[Ints, Ints]:
        """Draw each customer's slice of the sample and its scale in thousandths."""
        daily = days.sum(axis=1)
        total = np.concatenate([[0], np.cumsum(daily)])
        starts = np.arange(len(daily) - SPAN_DAYS)
        december = (total[starts + 31] - total[starts]) / 31
        january = (total[starts + 62] - total[starts + 31]) / 31
        february = (total[starts + 90] - total[starts + 62]) / 28
        low, high = STEADY
        steady = starts[
            (january / december > low)
            & (january / december < high)
            & (february / january > low)
            & (february / january < high)
        ]
        shift = self._random.choice(steady, size=self.size)
        wanted_wh = self._random.integers(*KWH_A_MONTH, size=self.size) * 1000
        january_wh = total[shift + 62] - total[shift + 31]
        misread = self.stories["read_corrected"]
        rise = january_wh[misread] / (total[shift + 31] - total[shift])[misread]
        enough_wh = int(10 * MISREAD_COUNTS / (RISE_MAX / rise - 1))  # so much that the misread bill is not held
        wanted_wh[misread] = max(wanted_wh[misread], enough_wh)
        permille = np.maximum(1, wanted_wh * 1000 // january_wh)
        permille[self.stories["unused"]] = 0
        return shift.astype(np.int64), permille

    def _implausible_factor(self) -> int:
        i = np.array([self.stories["implausible_usage"]])
        january, february = (_position(m.first) for m in MONTHS[-2:])
        usual = int((self._sum(i, february, "all") - self._sum(i, january, "all"))[0])
        return -(-IMPLAUSIBLE_KWH * 1000 // usual)

    def _openings(self) -> Ints:
        """Draw what the registers showed at the start; peak and valley add up to the total."""
        parts = self._random.integers(0, 2_000_000, size=(self.size, 2))
        opening = np.column_stack([parts.sum(axis=1), parts]).astype(np.int64)
        rolls = np.array([self.stories["rollover"]])
        january = _position(GO_LIVE), _position(MONTHS[-1].first)
        half_wh = int((self._sum(rolls, january[1], "all") - self._sum(rolls, january[0], "all"))[0]) // 2
        before_wh = int(self._sum(rolls, january[0], "all")[0])
        # half-way through January the last number of the face is reached
        opening[rolls[0], 0] = 10**6 - half_wh // 10 - before_wh // 10
        mistyped = np.array([self.stories["mistyped_exchange"]])
        opening[mistyped[0], 0] = MISTYPED_CLOSING - int(self._sum(mistyped, _position(EXCHANGE_DAY), "all")[0]) // 10
        return opening

    def _sum(self, who: Ints, position: Ints | int, part: str) -> Ints:
        """Return the Wh used from the epoch to a position (half-hours since then)."""
        arrays = {"peak": (self._peak,), "valley": (self._valley,), "all": (self._peak, self._valley)}[part]
        first = self._shift[who] * SLOTS
        return (
            sum((a[first + position] - a[first] for a in arrays), np.zeros(len(who), np.int64))
            * self._permille[who]
            // 1000
        )

    def _used(self, who: Ints, position: Ints | int, part: str) -> Ints:
        used = self._sum(who, position, part)
        before = self._sum(who, np.minimum(position, _position(IMPLAUSIBLE_FROM)), part)
        return used + (used - before) * (self._boost[who] - 1)

    def counts(self, who: Sequence[int] | Ints, day: date, slot: Ints | int = 0) -> Ints:
        """Return what the registers have counted at a half-hour of a day: import, peak, valley; the face is its remainder.

        The total of a time-of-use meter is the sum of its periods, so that they never differ by a count.
        """
        index = np.asarray(who, dtype=np.int64)
        position = _position(day) + slot
        unit = self._unit_wh[index]
        peak = self._used(index, position, "peak") // unit
        valley = self._used(index, position, "valley") // unit
        counted: Ints = self._opening[index] + np.column_stack([peak + valley, peak, valley])
        return counted

    def route_of(self, index: int) -> Route:
        """Return the route of a customer."""
        return next(route for route in self.routes if index < route.stop)

    def quantities_of(self, index: int) -> tuple[str, ...]:
        """Return the registers of a customer's meter: those of its route, but for the shop."""
        return SHOP if index == self.stories["two_part_shop"] else self.route_of(index).quantities

    def tariff_of(self, index: int) -> str:
        """Return the tariff of a customer: that of its route, but for the shop and the home that is billed on its curve."""
        if index == self.stories["two_part_shop"]:
            return TWO_PART
        return (self.routes[0] if self.curve_minutes_of(index) else self.route_of(index)).tariff

    def curve_minutes_of(self, index: int) -> int | None:
        """Return the slots of the curve that a customer's contract asks for."""
        return CURVE_MINUTES if index in self._billed_on_curves else None

    @cached_property
    def _billed_on_curves(self) -> frozenset[int]:
        return frozenset({self.stories["curve_bill"], self.stories["two_part_shop"]})

    @cached_property
    def curves(self) -> dict[int, int]:
        """The customers whose meters push day curves, with the minutes of their intervals."""
        taken = set(self.stories.values())
        found = dict.fromkeys(sorted(self._billed_on_curves), CURVE_MINUTES)
        for i in range(self.routes[len(self.routes) // 2].first):
            if i not in taken and i % 25 in (7, 20):
                found[i] = 15 if i % 100 == 7 else 30
        return found

    def curve(self, index: int, day: date) -> list[int]:
        """Return the Wh of each interval of a day; they add up to what the register counted that day."""
        at = self.counts([index] * (SLOTS + 1), day, np.arange(SLOTS + 1))[:, 0].tolist()
        unit = int(self._unit_wh[index])
        halves = [after - before for before, after in pairwise(at)]
        if self.curves.get(index) != 15:
            return [count * unit for count in halves]
        return [count * unit for half in halves for count in (half // 2, half - half // 2)]

    def energy_wh(self, index: int, start: date, stop: date, slots: tuple[int, int] = (0, 0)) -> dict[str, int]:
        """Return the true energy of a period by quantity."""
        before, after = self.counts([index], start, slots[0])[0], self.counts([index], stop, slots[1])[0]
        unit = int(self._unit_wh[index])
        quantities = self.quantities_of(index)
        return {quantity: int(after[k] - before[k]) * unit for k, quantity in enumerate(quantities)}

    def faces(self, index: int, counts: Sequence[int] | Ints) -> dict[str, str]:
        """Return what the registers of a customer show for the given counts, in kWh."""
        modulus = 10 ** self.customers[index].digits
        faces = {}
        for quantity, count in zip(self.quantities_of(index), counts, strict=False):
            shown = int(count) % modulus
            faces[quantity] = f"{shown // 100}.{shown % 100:02}"
        return faces

    def reads(self, who: Sequence[int], day: date, *, slot: int = 0) -> list[dict[str, Any]]:
        """Return the reads of these customers' meters at a half-hour of a day, as the reading service takes them."""
        read_at = f"{day}T{slot // 2:02}:{slot % 2 * 30:02}:00+08:00"
        index = np.asarray(who, dtype=np.int64)
        rows = self.counts(index, day, slot).tolist()
        items = []
        for i, counts in zip(index.tolist(), rows, strict=True):
            customer = self.customers[i]
            meter_no = customer.meter_no
            if i in self.exchanged and day > EXCHANGE_DAY:
                meter_no, counts = self.new_meter_no(i), self._on_new_meter(i, counts)
            items.append(
                {
                    "meter_no": meter_no,
                    "read_at": read_at,
                    "source": "remote",
                    "unit": "kWh",
                    "registers": self.faces(i, counts),
                }
            )
        return items

    @cached_property
    def exchanged(self) -> frozenset[int]:
        """The customers whose meter is exchanged."""
        return frozenset({self.stories["meter_exchange"], self.stories["mistyped_exchange"]})

    def new_meter_no(self, index: int) -> str:
        """Return the meter that is put in by an exchange."""
        return self.customers[index].meter_no + "-B"

    def _on_new_meter(self, index: int, counts: Sequence[int]) -> list[int]:
        at_exchange = self.counts([index], EXCHANGE_DAY)[0]
        since = [int(count - before) for count, before in zip(counts, at_exchange, strict=True)]
        return [since[0] + 2 * EXCHANGE_OPENING, since[1] + EXCHANGE_OPENING, since[2] + EXCHANGE_OPENING]

    def exchange_faces(self, index: int) -> tuple[dict[str, str], dict[str, str]]:
        """Return the closing registers of the old meter and the opening ones of the new, on the day of the exchange."""
        closing = self.counts([index], EXCHANGE_DAY)[0]
        return self.faces(index, closing), self.faces(index, self._on_new_meter(index, closing.tolist()))

    def accounts_of(self, index: int) -> list[str]:
        """Return the account of a customer, and where somebody moves that of who moves in."""
        own = self.customers[index].account_no
        return [own, f"34{own[2:]}"] if index in self.moves else [own]

    @cached_property
    def moves(self) -> dict[int, tuple[date, int]]:
        """The customers whose home changes hands, with the day and the half-hour of the read that cuts the period."""
        return {self.stories["move"]: (MOVE_DAY, MANUAL_SLOT), self.stories["past_move"]: (PAST_MOVE_DAY, 0)}

    @cached_property
    def index_of(self) -> dict[str, int]:
        """The customers by account."""
        return {account_no: i for i in range(self.size) for account_no in self.accounts_of(i)}


def _position(day: date) -> int:
    return (day - EPOCH).days * SLOTS


def _routes(customers: int, count: int) -> list[Route]:
    """Cut the customers into routes: half of them time of use, the last route small, plain and manual."""
    manual = max(15, customers * 8 // 100) if count == 4 else customers // count
    smart = count - 1
    half = (count + 1) // 2
    bounds = [customers // 2 * k // half for k in range(half + 1)]
    bounds += [bounds[-1] + (customers - manual - bounds[-1]) * k // (smart - half) for k in range(1, smart - half + 1)]
    bounds.append(customers)
    made = []
    for k, (first, stop) in enumerate(pairwise(bounds)):
        zhejiang = k < half
        made.append(
            Route(
                route_no=f"R{k + 1}",
                org_unit=f"zj/hangzhou/station-{k + 1}" if zhejiang else f"bj/haidian/station-{k + 1}",
                tariff="CN-ZJ/residential/time-of-use" if zhejiang else "CN-BJ/residential",
                quantities=TIME_OF_USE if zhejiang else PLAIN,
                manual=k == count - 1,
                live_from=EPOCH if k == count - 1 else GO_LIVE,
                first=first,
                stop=stop,
            )
        )
    return made


def days(start: date, stop: date) -> list[date]:
    """Return the days of [start, stop)."""
    return [start + timedelta(days=n) for n in range((stop - start).days)]
