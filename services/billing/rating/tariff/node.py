"""Walking a JSON document with its JSON pointer, so that every refusal points at its fault."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from services.billing.rating.tariff.codes import TariffError
from shared.exact import MODES, Exact, RoundTo, parse

LIST_MAX = 512
"""More entries than any published tariff has in one list; a guard against documents made to hurt."""
TEXT_MAX = 400


class Node:
    """A value of a document and where it stands."""

    __slots__ = ("pointer", "value")

    def __init__(self, value: Any, pointer: str) -> None:
        self.value = value
        self.pointer = pointer

    def fail(self, code: str, detail: str = "") -> TariffError:
        """Make the error for this place."""
        return TariffError(code, self.pointer, detail)

    def keys(self, allowed: str) -> "Node":
        """Refuse anything but an object whose fields are all among the allowed (blank separated)."""
        if not isinstance(self.value, dict):
            raise self.fail("not_an_object")
        names = allowed.split()
        for key in self.value:
            if key not in names:
                raise TariffError("field_unknown", f"{self.pointer}/{escape(str(key))}")
        return self

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def get(self, key: str, missing: str = "field_missing") -> "Node":
        """Step into a field that must be there."""
        if not isinstance(self.value, dict):
            raise self.fail("not_an_object")
        if key not in self.value:
            raise TariffError(missing, f"{self.pointer}/{key}")
        return Node(self.value[key], f"{self.pointer}/{escape(key)}")

    def maybe(self, key: str) -> "Node | None":
        """Step into a field, or give None where it is absent or null."""
        return self.get(key) if key in self else None

    def items(self) -> "list[Node]":
        """Give the entries of a list."""
        if not isinstance(self.value, list):
            raise self.fail("value_wrong", "a list was expected")
        if len(self.value) > LIST_MAX:
            raise self.fail("document_too_large")
        return [Node(v, f"{self.pointer}/{i}") for i, v in enumerate(self.value)]

    def fields(self) -> "Iterator[tuple[str, Node]]":
        """Give the fields of an object."""
        if not isinstance(self.value, dict):
            raise self.fail("not_an_object")
        if len(self.value) > LIST_MAX:
            raise self.fail("document_too_large")
        for key in self.value:
            if not isinstance(key, str):
                raise self.fail("value_wrong", "names must be texts")
            yield key, Node(self.value[key], f"{self.pointer}/{escape(key)}")

    def text(self) -> str:
        """Give a non-empty text."""
        if not isinstance(self.value, str) or not self.value or len(self.value) > TEXT_MAX:
            raise self.fail("value_wrong", "a text was expected")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Give a list of different texts."""
        out: list[str] = []
        for item in self.items():
            if item.text() in out:
                raise item.fail("name_twice")
            out.append(item.text())
        return tuple(out)

    def flag(self) -> bool:
        """Give a boolean."""
        if not isinstance(self.value, bool):
            raise self.fail("value_wrong", "true or false was expected")
        return self.value

    def whole(self, low: int, high: int) -> int:
        """Give an integer in [low, high]."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not low <= self.value <= high:
            raise self.fail("value_wrong", f"an integer from {low} to {high} was expected")
        return self.value

    def decimal(self) -> Exact:
        """Give a decimal that is written as a text."""
        try:
            return parse(self.value)
        except ValueError:
            raise self.fail("value_wrong", "a decimal in quotes was expected") from None

    def positive(self) -> Exact:
        """Give a decimal above 0."""
        value = self.decimal()
        if value.num <= 0:
            raise self.fail("value_wrong", "a decimal above 0 was expected")
        return value

    def thousandths(self) -> int:
        """Give a decimal ≥ 0 in thousandths (kWh -> Wh); finer ones are refused."""
        value = self.decimal()
        milli, rest = divmod(value.num * 1000, value.den)
        if rest or milli < 0:
            raise self.fail("value_wrong", "at most three decimals and not below 0 were expected")
        return milli

    def choice(self, *names: str) -> str:
        """Give one of the named choices."""
        if self.value is None:
            raise self.fail("choice_open")
        if not isinstance(self.value, str) or self.value not in names:
            raise self.fail("choice_unknown", "one of " + ", ".join(names))
        return self.value

    def day(self) -> date | None:
        """Give a date, or None for null."""
        if self.value is None:
            return None
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            raise self.fail("value_wrong", "a date was expected") from None

    def rounding(self) -> RoundTo:
        """Give a rounding {step, mode}."""
        self.keys("step mode rest")
        return RoundTo(self.get("step").positive(), self.get("mode", "choice_open").choice(*sorted(MODES)))


def escape(key: str) -> str:
    """Write a field name as JSON pointers do (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
