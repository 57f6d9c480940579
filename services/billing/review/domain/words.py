"""Findings in words, with their values, for reviewers: Chinese and English. Pure."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Language = Literal["zh", "en"]
_DIVISORS: Final = {"kwh": (1000, " kWh"), "yuan": (100, " 元"), "percent": (10, " %")}
"""Units of words: what integers are divided by for them (Wh, fen, permille), and how they are written behind."""


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in both languages.

    `{name:unit}` stands for a value of it, in `kwh` (of Wh), `yuan` (of fen) or `percent` (of permille).
    """

    zh: str
    en: str

    def said(self, language: Language, values: Mapping[str, Any]) -> str:
        """Return the sentence in a language with its values; one that is not known is shown as `?`."""
        return _FORMATTER.vformat(self.zh if language == "zh" else self.en, (), _Values(values, language))


class _Values(dict[str, Any]):
    def __init__(self, values: Mapping[str, Any], language: Language) -> None:
        super().__init__({name: _Value(value, language) for name, value in values.items()})

    def __missing__(self, name: str) -> str:
        return "?"


@dataclass(frozen=True, slots=True)
class _Value:
    value: Any
    language: Language

    def __format__(self, unit: str) -> str:
        if unit not in _DIVISORS or not isinstance(self.value, int):
            return str(self.value)
        divisor, behind = _DIVISORS[unit]
        digits = len(str(divisor)) - 1
        sign, (whole, rest) = "-" if self.value < 0 else "", divmod(abs(self.value), divisor)
        fraction = f".{rest:0{digits}}".rstrip("0").rstrip(".") if unit != "yuan" else f".{rest:0{digits}}"
        if unit == "yuan" and self.language == "en":
            behind = " yuan"
        return f"{sign}{whole}{fraction}{behind}"


class _Formatter(string.Formatter):
    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs[str(key)]

    def format_field(self, value: Any, format_spec: str) -> str:
        return value if isinstance(value, str) else format(value, format_spec)


_FORMATTER: Final = _Formatter()
