"""Integer columns that never overflow: every column knows its bounds, and rows that could leave int64 are set apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.errors import Refused

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SAFE: Final = 2**62 - 1
"""Every value stays within ± SAFE, so that a sum of two still fits int64, and a value with half of its divisor too."""


@dataclass(frozen=True, slots=True)
class Col:
    """A column of integers, `lo` ≤ each ≤ `hi`. The bounds may be wide but never wrong."""

    v: Ints
    lo: int
    hi: int

    @property
    def size(self) -> int:
        """Return the largest absolute value that the bounds allow."""
        return max(-self.lo, self.hi)

    @property
    def is_zero(self) -> bool:
        """Return whether nothing but zeros is in the column."""
        return self.lo == 0 == self.hi


class Rows:
    """The rows of one group of bills: arithmetic on their columns, those set apart, and those refused."""

    __slots__ = ("apart", "n", "refused")

    def __init__(self, n: int) -> None:
        self.n = n
        self.apart: Bools | None = None
        self.refused: list[tuple[Bools, Refused]] = []

    def set_apart(self, mask: Bools) -> None:
        """Note rows that this implementation must leave to the reference."""
        self.apart = mask if self.apart is None else self.apart | mask

    def refuse(self, mask: Bools, why: Refused) -> None:
        """Note rows that cannot be rated, with the code."""
        if mask.any():
            self.refused.append((mask, why))

    def read(self, values: Ints) -> Col:
        """Take a column that came from outside."""
        if not len(values):
            return Col(values, 0, 0)
        return self.within(Col(values, int(values.min()), int(values.max())), SAFE)

    def constant(self, value: int) -> Col:
        """Make a column of one value."""
        return Col(np.full(self.n, value, dtype=np.int64), value, value)

    def within(self, col: Col, most: int) -> Col:
        """Set rows apart whose absolute value is above `most`, and put 0 there."""
        if col.size <= most:
            return col
        beyond = (col.v > most) | (col.v < -most)
        self.set_apart(beyond)
        return Col(np.where(beyond, 0, col.v), max(min(col.lo, 0), -most), min(max(col.hi, 0), most))

    def times(self, col: Col, factor: int) -> Col:
        """Multiply a column by a number."""
        if factor == 1:
            return col
        if factor == 0 or col.is_zero:
            return self.constant(0)
        if abs(factor) > SAFE:
            self.set_apart(col.v != 0)
            return self.constant(0)
        col = self.within(col, SAFE // abs(factor))
        ends = (col.lo * factor, col.hi * factor)
        return Col(col.v * factor, min(ends), max(ends))

    def product(self, a: Col, b: Col) -> Col:
        """Multiply two columns."""
        if a.size * b.size > SAFE:
            beyond = np.abs(b.v) > SAFE // np.maximum(np.abs(a.v), 1)
            self.set_apart(beyond)
            return Col(np.where(beyond, 0, a.v) * b.v, -SAFE, SAFE)
        ends = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
        return Col(a.v * b.v, min(ends), max(ends))

    def plus(self, a: Col, b: Col) -> Col:
        """Add two columns."""
        if b.is_zero:
            return a
        if a.is_zero:
            return b
        return self.within(Col(a.v + b.v, a.lo + b.lo, a.hi + b.hi), SAFE)

    def minus(self, a: Col, b: Col) -> Col:
        """Subtract one column from another."""
        if b.is_zero:
            return a
        return self.within(Col(a.v - b.v, a.lo - b.hi, a.hi - b.lo), SAFE)

    def total(self, cols: Sequence[Col]) -> Col:
        """Add columns; none at all make zeros."""
        if not cols:
            return self.constant(0)
        out = cols[0]
        for col in cols[1:]:
            out = self.plus(out, col)
        return out

    def divide(self, col: Col, den: int, mode: str) -> Col:
        """Divide a column by a number > 0 and round by a named mode; halves go away from zero (half_up)."""
        if den == 1 or col.is_zero:
            return col
        if den > SAFE:
            self.set_apart(col.v != 0)
            return self.constant(0)
        negative = col.lo < 0
        lo, hi = _rounded(np.array([col.lo, col.hi], dtype=np.int64), den, mode, negative).tolist()
        return Col(_rounded(col.v, den, mode, negative), lo, hi)

    def choose(self, mask: Bools, yes: Col, no: Col) -> Col:
        """Take `yes` where the mask holds and `no` elsewhere."""
        return Col(np.where(mask, yes.v, no.v), min(yes.lo, no.lo), max(yes.hi, no.hi))

    def only(self, mask: Bools, col: Col) -> Col:
        """Keep a column where the mask holds and put 0 elsewhere."""
        return Col(col.v * mask, min(col.lo, 0), max(col.hi, 0))

    def least(self, a: Col, b: Col) -> Col:
        """Return the smaller of each row."""
        return Col(np.minimum(a.v, b.v), min(a.lo, b.lo), min(a.hi, b.hi))

    def most(self, a: Col, b: Col) -> Col:
        """Return the larger of each row."""
        return Col(np.maximum(a.v, b.v), max(a.lo, b.lo), max(a.hi, b.hi))

    def at_least_zero(self, col: Col) -> Col:
        """Put 0 for what is below it."""
        return col if col.lo >= 0 else Col(np.maximum(col.v, 0), 0, max(col.hi, 0))


def _rounded(values: Ints, den: int, mode: str, negative: bool) -> Ints:
    size = np.abs(values) if negative else values
    if mode == "half_up":
        rounded = (size + den // 2) // den
    elif mode == "down":
        rounded = size // den
    elif mode == "half_even":
        rounded = size // den
        rest = size - rounded * den
        rounded = rounded + ((rest > den - rest) | ((rest == den - rest) & (rounded & 1 == 1)))
    else:
        raise ValueError(f"{mode} is no way to make an integer")
    return np.where(values < 0, -rounded, rounded) if negative else rounded


def by_share(rows: Rows, whole: Col, weights: Sequence[Col]) -> list[Col]:
    """Divide whole numbers in proportion to weights: floors, then one each to the largest remainders.

    Ties: the first. Rows without any weight give all to the last.
    """
    total = rows.total(weights)
    nothing = total.v == 0
    by = total.v + nothing  # never 0
    floors, rests = [], []
    for weight in weights:
        scaled = rows.product(whole, weight).v
        share = scaled // by
        floors.append(share)
        rests.append(scaled - share * by)
    left = whole.v - sum(floors)
    out = []
    last = len(weights) - 1
    for i, rest in enumerate(rests):
        ahead = np.zeros(rows.n, dtype=np.int64)
        for j, other in enumerate(rests):
            ahead += (other >= rest) if j < i else (other > rest)
        share = floors[i] + (ahead < left)
        share = np.where(nothing, whole.v if i == last else 0, share)
        out.append(rows.read(share))
    return out
