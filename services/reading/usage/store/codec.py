"""How the parts of a usage stand in text columns: lists joined by spaces, energies as JSON."""

from collections.abc import Mapping

import orjson


def words(text: str) -> tuple[str, ...]:
    """Return a list from its text."""
    return tuple(text.split())


def energy_text(energy_wh: Mapping[str, int]) -> str:
    """Return energies as text."""
    return orjson.dumps(energy_wh, option=orjson.OPT_SORT_KEYS).decode()


def energy(text: str) -> dict[str, int]:
    """Return energies from their text."""
    loaded: dict[str, int] = orjson.loads(text)
    return loaded
