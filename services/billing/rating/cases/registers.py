"""Quantities of a case: registers with digits and multiplier, or plain kWh, kvarh, kW."""

from collections.abc import Mapping
from typing import Any

from services.billing.rating.tariff.codes import Refused
from shared.exact import Exact, parse

UNITS = ("kwh", "kvarh", "kw")


def quantities_wh(usage: Mapping[str, Any], pointer: str) -> dict[str, int]:
    """Return Wh (varh, W) by quantity name."""
    if not isinstance(usage, Mapping):
        raise Refused("request_wrong", pointer)
    return {str(name): _one(value, f"{pointer}/{name}") for name, value in usage.items()}


def _one(value: Any, pointer: str) -> int:
    if isinstance(value, str):
        return _milli(_decimal(value, pointer), pointer)
    if not isinstance(value, Mapping):
        raise Refused("request_wrong", pointer, "kWh in quotes, or an object")
    for unit in UNITS:
        if unit in value:
            return _milli(_decimal(value[unit], f"{pointer}/{unit}"), pointer)
    multiplier = _decimal(value.get("multiplier", "1"), f"{pointer}/multiplier")
    if "reading" in value:
        return _milli(_decimal(value["reading"], f"{pointer}/reading").times(multiplier), pointer)
    return _register(value, multiplier, pointer)


def _register(value: Mapping[str, Any], multiplier: Exact, pointer: str) -> int:
    """Return the usage of a register: the cumulative values are converted, never the difference, so that cycles telescope.

    A register that ran backwards is refused, unless it says that it rolled over (`rollover`) and how many digits it has.
    """
    for key in ("start", "end"):
        if key not in value:
            raise Refused("request_wrong", f"{pointer}/{key}", "missing")
    start, end = (_decimal(value[k], f"{pointer}/{k}") for k in ("start", "end"))
    digits = value.get("digits")
    if digits is not None:
        if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 12:
            raise Refused("request_wrong", f"{pointer}/digits")
        for key, reading in (("start", start), ("end", end)):
            if reading.num < 0 or reading.num >= 10**digits * reading.den:
                raise Refused("register_digits", f"{pointer}/{key}")
    if end.num * start.den < start.num * end.den:
        if not value.get("rollover") or digits is None:
            raise Refused("register_backwards", f"{pointer}/end")
        end = end.plus(Exact(10**digits, 1))
    return _floor(end.times(multiplier)) - _floor(start.times(multiplier))


def _floor(kwh: Exact) -> int:
    return kwh.num * 1000 // kwh.den


def _decimal(value: Any, pointer: str) -> Exact:
    try:
        return parse(value)
    except ValueError:
        raise Refused("request_wrong", pointer, "a decimal in quotes was expected") from None


def _milli(number: Exact, pointer: str) -> int:
    found, rest = divmod(number.num * 1000, number.den)
    if rest:
        raise Refused("request_wrong", pointer, "at most three decimals were expected")
    return found
