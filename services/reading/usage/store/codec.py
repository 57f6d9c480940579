"""How the parts of a usage stand in text columns: lists joined by spaces, energies, curves and registers as JSON."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import orjson

from services.reading.usage.domain.usages import LoadCurve, MeterSpan


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


def curves_text(curves: Sequence[LoadCurve]) -> str:
    """Return load curves as text: a list of values for each."""
    return orjson.dumps([(each.quantity, each.start, each.minutes, each.values) for each in curves]).decode()


def curves(text: str) -> list[LoadCurve]:
    """Return load curves from their text."""
    return [
        LoadCurve(quantity=quantity, start=datetime.fromisoformat(start), minutes=minutes, values=values)
        for quantity, start, minutes, values in orjson.loads(text)
    ]


def registers_text(spans: Sequence[MeterSpan]) -> str:
    """Return what registers showed as text: a list of values for each meter."""
    return orjson.dumps([list(span.values()) for span in spans]).decode()


def registers(text: str) -> list[MeterSpan]:
    """Return what registers showed from its text."""
    return [
        MeterSpan(
            meter_no=meter_no,
            installed_on=date.fromisoformat(installed_on),
            from_on=date.fromisoformat(from_on),
            to_on=date.fromisoformat(to_on),
            multiplier=multiplier,
            multiplier_denominator=denominator,
            shown={quantity: (start, end) for quantity, (start, end) in shown.items()},
            turns=turns,
        )
        for meter_no, installed_on, from_on, to_on, multiplier, denominator, shown, turns in orjson.loads(text)
    ]
