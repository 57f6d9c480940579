"""Exact numbers: decimals from text as integer pairs, and the four rounding modes. No float anywhere."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Final, NamedTuple

DECIMALS_MAX: Final = 12
"""Published prices have at most 8 decimals (0.00196875); products of price and ratio stay below 12."""

MODES: Final = frozenset({"half_up", "down", "half_even", "none"})

_DECIMAL = re.compile(rf"-?[0-9]{{1,15}}(\.[0-9]{{1,{DECIMALS_MAX}}})?")


class Exact(NamedTuple):
    """An exact number `num / den`, `den` > 0. Not always in lowest terms: compare with `same` or as Fraction."""

    num: int
    den: int

    def fraction(self) -> Fraction:
        """Return the number as a Fraction."""
        return Fraction(self.num, self.den)

    def times(self, other: "Exact") -> "Exact":
        """Multiply two exact numbers."""
        return Exact(self.num * other.num, self.den * other.den)

    def plus(self, other: "Exact") -> "Exact":
        """Add two exact numbers."""
        if self.den == other.den:
            return Exact(self.num + other.num, self.den)
        return Exact(self.num * other.den + other.num * self.den, self.den * other.den)

    def reduced(self) -> "Exact":
        """Return the number in lowest terms."""
        common = gcd(self.num, self.den)
        return Exact(self.num // common, self.den // common)


ZERO: Final = Exact(0, 1)
ONE: Final = Exact(1, 1)


@dataclass(frozen=True, slots=True)
class RoundTo:
    """A named rounding point: to multiples of `step` by `mode` (`half_up`, `down`, `half_even`, `none`)."""

    step: Exact
    mode: str


def parse(text: str) -> Exact:
    """Read a plain decimal such as `-0.00196875`; ValueError on anything else (no exponent, no blanks)."""
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise ValueError("not a plain decimal")
    whole, _, decimals = text.partition(".")
    return Exact(int(whole + decimals), 10 ** len(decimals))


def divide(num: int, den: int, mode: str) -> int:
    """Divide two integers (`den` > 0) into an integer by a named mode.

    `half_up` rounds halves away from zero, `down` cuts towards zero, `half_even` is the banker's rule.
    """
    size = abs(num)
    if mode == "half_up":
        rounded = (2 * size + den) // (2 * den)
    elif mode == "down":
        rounded = size // den
    elif mode == "half_even":
        rounded, rest = divmod(size, den)
        if 2 * rest > den or (2 * rest == den and rounded & 1):
            rounded += 1
    else:
        raise ValueError(f"{mode} is no way to make an integer")
    return rounded if num >= 0 else -rounded


def text(num: int, den: int) -> str:
    """Return an exact number: as a finite decimal where it is one, else as `num/den`."""
    common = gcd(num, den)
    num, den = num // common, den // common
    rest, twos, fives = den, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{num}/{den}"
    places = max(twos, fives)
    digits = str(abs(num) * 10**places // den).rjust(places + 1, "0")
    body = digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}"
    return f"-{body}" if num < 0 else body
