"""Figures that a question asks for, such as what a meter shows: how they are typed, and what is wrong with one. Pure."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MISSING: Final = "missing"
NOT_A_NUMBER: Final = "not_a_number"
TOO_MANY_DIGITS: Final = "too_many_digits"
TOO_MANY_DECIMALS: Final = "too_many_decimals"
UNKNOWN: Final = "unknown"
FAULTS: Final = (MISSING, NOT_A_NUMBER, TOO_MANY_DIGITS, TOO_MANY_DECIMALS, UNKNOWN)


@dataclass(frozen=True, slots=True)
class AskedFigure:
    """A number that is asked for: at most so many digits before its point, and after it."""

    name: str
    whole: int
    decimals: int


def take(asked: Sequence[AskedFigure], given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return figures as plain decimal texts, and the fault of each that is none, by name.

    Full-width digits are digits; spaces around a figure, and zeros before it, say nothing.
    """
    values, faults = {}, {}
    for figure in asked:
        text = unicodedata.normalize("NFKC", given.get(figure.name, "")).strip()
        if fault := _fault(figure, text):
            faults[figure.name] = fault
        else:
            whole, point, decimals = text.partition(".")
            values[figure.name] = (whole.lstrip("0") or "0") + point + decimals
    faults |= dict.fromkeys(sorted(given.keys() - {figure.name for figure in asked}), UNKNOWN)
    return values, faults


def _fault(figure: AskedFigure, text: str) -> str | None:
    if not text:
        return MISSING
    whole, point, decimals = text.partition(".")
    if not (text.isascii() and whole.isdigit() and (decimals.isdigit() or not point)):
        return NOT_A_NUMBER
    if len(whole.lstrip("0")) > figure.whole:
        return TOO_MANY_DIGITS
    if len(decimals.rstrip("0")) > figure.decimals:
        return TOO_MANY_DECIMALS
    return None
