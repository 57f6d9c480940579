"""Quantities of a case: registers with digits and multiplier, or plain kWh, kvarh, kW."""

from collections.abc import Mapping
from typing import Any

from services.billing.rating.tariff.codes import Refused
from shared.document import escape
from shared.exact import Exact, parse

UNITS = ("kwh", "kvarh", "kw")


def quantities_wh(usage: Mapping[str, Any], pointer: str) -> dict[str, int]:
    """Return Wh (varh, W) by quantity name. The usage has its form."""
    return {name: _one(value, f"{pointer}/{escape(name)}") for name, value in usage.items()}


def _one(value: Any, pointer: str) -> int:
    if isinstance(value, str):
        return thousandths(exact(value, pointer), pointer)
    for unit in UNITS:
        if unit in value:
            return thousandths(exact(value[unit], f"{pointer}/{unit}"), pointer)
    multiplier = exact(value.get("multiplier", "1"), f"{pointer}/multiplier")
    if "reading" in value:
        return thousandths(exact(value["reading"], f"{pointer}/reading").times(multiplier), pointer)
    return _register(value, multiplier, pointer)


def _register(value: Mapping[str, Any], multiplier: Exact, pointer: str) -> int:
    """Return the usage of a register: the cumulative values are converted, never the difference, so that cycles telescope.

    A register that ran backwards is refused, unless it says that it rolled over (`rollover`) and how many digits it has:
    `digits` of the whole face, of which `scale` are decimals of a kWh.
    """
    start, end = (exact(value[k], f"{pointer}/{k}") for k in ("start", "end"))
    digits, scale = value.get("digits"), value.get("scale", 0)
    if digits is None:
        if "scale" in value:
            raise Refused("register_digits", f"{pointer}/digits", "decimals of a face without its digits")
    elif scale >= digits:
        raise Refused("register_digits", f"{pointer}/scale", "fewer decimals than digits were expected")
    else:
        for key, reading in (("start", start), ("end", end)):
            _check_face(reading, digits, scale, f"{pointer}/{key}")
    if end.num * start.den < start.num * end.den:
        if not value.get("rollover") or digits is None:
            raise Refused("register_backwards", f"{pointer}/end")
        end = end.plus(Exact(10 ** (digits - scale), 1))
    return _floor(end.times(multiplier)) - _floor(start.times(multiplier))


def _check_face(reading: Exact, digits: int, scale: int, pointer: str) -> None:
    if reading.num >= 10 ** (digits - scale) * reading.den or reading.num * 10**scale % reading.den:
        detail = (
            f"a face of {digits} digits in all (`digits`), of which {scale} are decimals (`scale`), does not show this"
        )
        raise Refused("register_digits", pointer, detail)


def _floor(kwh: Exact) -> int:
    return kwh.num * 1000 // kwh.den


def exact(value: Any, pointer: str) -> Exact:
    """Return a decimal that is written as text."""
    try:
        return parse(value)
    except ValueError:
        raise Refused("request_wrong", pointer, "a decimal in quotes was expected") from None


def thousandths(number: Exact, pointer: str) -> int:
    """Return a decimal in thousandths (kWh -> Wh); finer ones are refused."""
    found, rest = divmod(number.num * 1000, number.den)
    if rest:
        raise Refused("request_wrong", pointer, "at most three decimals were expected")
    return found
