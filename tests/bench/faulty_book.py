"""A seeded book of homes with faults planted in its last cycle: what a reviewer has to find among right bills.

Homes of several routes have a level of their own, seasons, months that differ, and changes of life that are no fault (a child, a
long journey, a new heater). Each figure is what the meter would have shown, so that a fault is a change of that figure alone.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.events.reading import UsageMeasured
from tests.kits import billing as kit

ACCOUNTS: Final = 2000
OF_A_ROUTE: Final = 200
CYCLES: Final = 13
EACH_OF_FAULTS: Final = 20
SEASON: Final = (115, 105, 90, 85, 90, 110, 135, 135, 110, 90, 90, 105)
"""Per cent of the yearly mean, January first."""
CHANGES_OF_LIFE: Final = 30  # of a thousand accounts and cycles, whose level is another one from then on


@dataclass(frozen=True)
class Book:
    """The usages of each cycle, and by account number what was planted in it."""

    cycles: list[list[UsageMeasured]]
    planted: dict[int, str]

    def numbers(self, fault: str) -> list[int]:
        return [number for number, kind in self.planted.items() if kind == fault]


def swapped(kwh: int, drawn: random.Random) -> int:
    """Return a usage whose reader wrote two neighbouring digits of the register the other way round."""
    place = drawn.choice((1, 2))
    return max(kwh + drawn.choice((-1, 1)) * 9 * 10**place * drawn.randint(1, 8), 0)


FAULTS: Final = {
    "estimated reads": lambda kwh, before, drawn: before,
    "swapped digits": lambda kwh, before, drawn: swapped(kwh, drawn),
    "wrong multiplier": lambda kwh, before, drawn: kwh * drawn.choice((10, 15, 20)),
    "stuck meter": lambda kwh, before, drawn: 0,
    "theft": lambda kwh, before, drawn: kwh * drawn.randint(20, 50) // 100,
    "new shop": lambda kwh, before, drawn: kwh * drawn.randint(30, 60) // 10,
}
SINCE: Final = {"estimated reads": 4, "new shop": 1, "theft": 1}
"""In how many cycles up to the last one a fault stands; 1 where nothing is said."""


def made(seed: int) -> Book:
    """Return the book of a seed."""
    drawn = random.Random(seed)
    faulty = drawn.sample(range(1, ACCOUNTS + 1), EACH_OF_FAULTS * len(FAULTS))
    planted = {number: list(FAULTS)[place // EACH_OF_FAULTS] for place, number in enumerate(faulty)}
    lives = {number: list(_life(drawn)) for number in range(1, ACCOUNTS + 1)}
    for number, fault in planted.items():
        kwh = lives[number]
        for cycle in range(CYCLES - SINCE.get(fault, 1), CYCLES):
            kwh[cycle] = FAULTS[fault](kwh[cycle], kwh[cycle - 1], drawn)
    return Book([[_usage(number, lives[number][n], n, planted) for number in lives] for n in range(CYCLES)], planted)


def _life(drawn: random.Random) -> Iterator[int]:
    mean = min(int(drawn.lognormvariate(5.1, 0.45)), 700)
    for cycle in range(CYCLES):
        if drawn.randrange(1000) < CHANGES_OF_LIFE:
            mean = mean * drawn.randint(70, 150) // 100
        yield max(mean * SEASON[cycle % 12] // 100 * drawn.randint(85, 115) // 100, 1)


def _usage(number: int, kwh: int, cycle: int, planted: dict[int, str]) -> UsageMeasured:
    estimated = planted.get(number) == "estimated reads" and cycle >= CYCLES - SINCE["estimated reads"]
    quality = {"quality": "estimated", "read_ids": ()} if estimated else {}
    return kit.usage(number, cycle + 1, kwh, route=f"R{1 + (number - 1) // OF_A_ROUTE}", **quality)
