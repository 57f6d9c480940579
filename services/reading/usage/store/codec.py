"""How the parts of a usage stand in text columns: lists joined by spaces, energies and registers as JSON."""

from collections.abc import Mapping, Sequence
from datetime import date
from operator import attrgetter

import orjson

from services.reading.usage.domain.usages import Span

_FIELDS = (
    *("meter_no", "installed_on", "quantity", "from_on", "to_on", "from_", "to", "turns"),
    *("multiplier", "multiplier_denominator"),
)
_VALUES = attrgetter(*_FIELDS)
_DAYS = ("installed_on", "from_on", "to_on")


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


def registers_text(spans: Sequence[Span]) -> str:
    """Return what registers showed as text: a list of values for each."""
    return orjson.dumps([_VALUES(span) for span in spans]).decode()


def registers(text: str) -> list[Span]:
    """Return what registers showed from its text."""
    found = []
    for values in orjson.loads(text):
        named = dict(zip(_FIELDS, values, strict=True))
        found.append(Span(**named | {name: date.fromisoformat(named[name]) for name in _DAYS}))
    return found
