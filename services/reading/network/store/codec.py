"""How registers and their counts stand in text columns: counts joined by commas, registers as JSON."""

from functools import lru_cache

import orjson

from services.reading.network.domain.registers import Counts, Register, Registers


def counts_text(counts: Counts) -> str:
    return ",".join(map(str, counts))


def counts(text: str) -> Counts:
    return tuple(map(int, text.split(",")))


def registers_text(registers: Registers) -> str:
    return orjson.dumps([[each.quantity, each.digits, each.scale] for each in registers]).decode()


@lru_cache(maxsize=10_000)  # a utility has some hundred kinds of meter and multiplier
def registers(text: str, numerator: int, denominator: int) -> Registers:
    return tuple(
        Register(quantity, digits, scale, numerator, denominator) for quantity, digits, scale in orjson.loads(text)
    )
