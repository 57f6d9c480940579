"""How domain values stand in narrow text columns: counts joined by commas, lists joined by spaces, JSON for the rest."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from services.reading.domain.registers import Counts, Register, Registers


def counts_text(counts: Counts) -> str:
    return ",".join(map(str, counts))


def counts(text: str) -> Counts:
    return tuple(map(int, text.split(",")))


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def json_text(value: Mapping[str, Any] | list[Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def energy(text: str) -> dict[str, int]:
    loaded: dict[str, int] = orjson.loads(text)
    return loaded


def registers_text(registers: Registers) -> str:
    return orjson.dumps([[each.quantity, each.digits, each.scale] for each in registers]).decode()


@lru_cache(maxsize=10_000)  # a utility has some hundred kinds of meter and multiplier
def registers(text: str, numerator: int, denominator: int) -> Registers:
    return tuple(
        Register(quantity, digits, scale, numerator, denominator) for quantity, digits, scale in orjson.loads(text)
    )
