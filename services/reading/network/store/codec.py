"""How registers and their counts stand in text columns: counts joined by commas, registers as JSON."""

from collections.abc import Sequence
from functools import lru_cache

import orjson

from services.reading.network.domain.registers import Counts, Register, Registers


def counts_text(counts: Counts) -> str:
    """Return counts as text."""
    return ",".join(map(str, counts))


def counts(text: str) -> Counts:
    """Return counts from their text."""
    return tuple(map(int, text.split(",")))


def faces_text(faces: Sequence[tuple[str, int, int]]) -> str:
    """Return (quantity, digits, scale) of registers as text."""
    return orjson.dumps(faces).decode()


def faces(text: str) -> tuple[tuple[str, int, int], ...]:
    """Return (quantity, digits, scale) of registers from their text."""
    return tuple((quantity, digits, scale) for quantity, digits, scale in orjson.loads(text))


@lru_cache(maxsize=10_000)  # a utility has some hundred kinds of meter and multiplier
def registers(text: str, numerator: int, denominator: int) -> Registers:
    """Return the registers of a meter from their text and its multiplier."""
    return tuple(
        Register(quantity, digits, scale, numerator=numerator, denominator=denominator)
        for quantity, digits, scale in faces(text)
    )
