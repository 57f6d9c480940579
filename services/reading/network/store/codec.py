"""How registers and their counts stand in text columns: counts joined by commas, registers as JSON."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import orjson

from services.reading.network.domain.registers import CUMULATIVE, Counts, Face, Register, Registers, Shown, made


def counts_text(counts: Sequence[int | None]) -> str:
    """Return counts as text; nothing between two commas: the register was not there yet."""
    return ",".join(["" if count is None else str(count) for count in counts])


def counts(text: str) -> Counts:
    """Return counts from their text, all of which are there."""
    return tuple(map(int, text.split(",")))


def shown(text: str) -> Shown:
    """Return counts from their text, None where a register was not there yet."""
    return tuple([int(count) if count else None for count in text.split(",")])


def faces_text(faces: Iterable[Face | Register]) -> str:
    """Return faces as text: [quantity, digits, scale], and kind and direction where a register does not simply count up."""
    return orjson.dumps(
        [
            [face.quantity, face.digits, face.scale]
            + ([] if (face.kind, face.down) == (CUMULATIVE, False) else [face.kind, face.down])
            for face in faces
        ]
    ).decode()


def faces(text: str) -> tuple[Face, ...]:
    """Return faces from their text."""
    return tuple(Face(*values) for values in orjson.loads(text))


@lru_cache(maxsize=10_000)  # a utility has some hundred kinds of meter and multiplier
def registers(text: str, numerator: int, denominator: int) -> Registers:
    """Return registers from their text and the multiplier of their meter."""
    return made(faces(text), numerator, denominator)
