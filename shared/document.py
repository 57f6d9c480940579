"""Reading JSON documents strictly: what is not known is refused with its JSON pointer (RFC 6901), never ignored. Pure.

All documents that hold rules (tariffs, policies, legal rates) are walked with this, field by field. What is only data (cases,
inputs of calculations) has a form: `shared/forms.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeVar

from shared import civil

T = TypeVar("T")

LIST_MAX: Final = 512
"""More entries than any published rule has in one list; a guard against documents made to hurt."""
TEXT_MAX: Final = 400
DEPTH_MAX: Final = 48
"""Deeper than any document of the product: a case with an inline tariff with a composed price is 14 deep."""
FAULTS_MAX: Final = 100
"""Faults that one answer names; who has more begins with these."""
NAMES_MAX: Final = 64
"""Names that a refusal lists; no form has more fields, an installation may have more tariffs."""

FAULTS: Final[dict[str, str]] = {
    "not_an_object": "an object was expected here",
    "field_missing": "a field that the rule needs is not there",
    "field_unknown": "a field that the language does not know",
    "value_wrong": "the value has the wrong type, form or range",
    "choice_open": "published practice differs here: the document must name its choice",
    "choice_unknown": "the named choice does not exist",
    "name_unknown": "a name refers to nothing in this document",
    "name_twice": "the same name is used twice",
    "dates_reversed": "the end does not lie after the beginning",
    "version_gap": "there is a gap between two versions",
    "version_overlap": "two versions hold on the same day",
    "document_too_large": "the document is larger than any can be",
    "document_too_deep": f"objects and lists within each other: more than {DEPTH_MAX} levels",
}


class Fault(NamedTuple):
    """What is wrong with a document and where: a code of `FAULTS`, a JSON pointer, the reason in words."""

    code: str
    pointer: str
    detail: str


class DocumentError(ValueError):
    """A document that cannot be used: `code` is stable, `pointer` leads to the fault, `detail` says it in words."""

    texts: ClassVar[Mapping[str, str]] = FAULTS

    def __init__(self, code: str, pointer: str, detail: str = "", more: Iterable[Fault] = ()) -> None:
        self.code = code
        self.pointer = pointer
        self.detail = detail or self.texts.get(code, "")
        self.faults = (Fault(code, pointer, self.detail), *more)
        """All that is wrong with the document; the first one is what the error says."""
        super().__init__("; ".join(f"{fault.code} at {fault.pointer or '/'}: {fault.detail}" for fault in self.faults))


class Node:
    """A value of a document and where it stands.

    The first fault is raised, unless the walk began with `read`: it goes on with something of the type that was asked for, and
    all faults are raised at its end. What lies within a wrong value is not judged.
    """

    __slots__ = ("_found", "_lost", "pointer", "value")

    error: ClassVar[type[DocumentError]] = DocumentError

    def __init__(
        self, value: Any, pointer: str = "", found: dict[str, Fault] | None = None, *, lost: bool = False
    ) -> None:
        self.value = value
        self.pointer = pointer
        self._found = found
        self._lost = lost

    @classmethod
    def read(cls, document: Any, load: Callable[[Self], T]) -> T:
        """Return what `load` makes of a document; raises the error of this class with all faults of the document."""
        found: dict[str, Fault] = {}
        try:
            loaded = load(cls(document, "", found))
        except DocumentError as error:
            found |= {fault.pointer: fault for fault in error.faults if fault.pointer not in found}
        else:
            if not found:
                return loaded
        first, *more = list(found.values())[:FAULTS_MAX]
        raise cls.error(*first, more)

    def fail(self, code: str, detail: str = "") -> DocumentError:
        """Return the error for this place."""
        return self.error(code, self.pointer, detail)

    def refuse(self, code: str, detail: str = "") -> None:
        """Refuse the document for this place: raise the error, or note it where all faults are told."""
        self.refuse_for(self.fail(code, detail).faults)

    def refuse_for(self, faults: Iterable[Fault]) -> None:
        """Refuse the document for faults that are known, such as those that a form finds in this place."""
        for fault in faults:
            if self._found is None:
                raise self.error(*fault)
            if not self._lost:
                self._found.setdefault(fault.pointer, fault)

    @property
    def sound(self) -> bool:
        """Whether nothing has been found wrong with this value or within it."""
        within = f"{self.pointer}/"
        return not self._lost and not any(p == self.pointer or p.startswith(within) for p in self._found or ())

    def _child(self, key: str, value: Any, *, lost: bool = False) -> Self:
        return type(self)(value, f"{self.pointer}/{escape(key)}", self._found, lost=lost or self._lost)

    def keys(self, allowed: str) -> Self:
        """Refuse anything but an object whose fields are all among the allowed (blank separated)."""
        if not isinstance(self.value, dict):
            self.refuse("not_an_object")
            return self
        names = allowed.split()
        for key in self.value:
            if key not in names:
                self._child(str(key), None).refuse("field_unknown", known(names))
        return self

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def get(self, key: str, missing: str = "field_missing") -> Self:
        """Return the field, which must be there."""
        if not isinstance(self.value, dict):
            self.refuse("not_an_object")
            return self._child(key, None, lost=True)
        if key not in self.value:
            self._child(key, None).refuse(missing)
            return self._child(key, None, lost=True)
        return self._child(key, self.value[key])

    def maybe(self, key: str) -> Self | None:
        """Return the field, or None where it is absent or null."""
        return self.get(key) if key in self else None

    def items(self) -> list[Self]:
        """Return the entries of a list."""
        if not isinstance(self.value, list):
            self.refuse("value_wrong", "a list was expected")
            return []
        if len(self.value) > LIST_MAX:
            self.refuse("document_too_large")
            return []
        return [self._child(str(i), value) for i, value in enumerate(self.value)]

    def fields(self) -> Iterator[tuple[str, Self]]:
        """Yield the fields of an object."""
        if not isinstance(self.value, dict):
            self.refuse("not_an_object")
        elif len(self.value) > LIST_MAX:
            self.refuse("document_too_large")
        else:
            for key, value in self.value.items():
                if isinstance(key, str):
                    yield key, self._child(key, value)
                else:
                    self.refuse("value_wrong", "names must be texts")

    def text(self) -> str:
        """Return a non-empty text."""
        if not isinstance(self.value, str) or not self.value or len(self.value) > TEXT_MAX:
            self.refuse("value_wrong", "a text was expected")
            return ""
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Return a list of different texts."""
        found: list[str] = []
        for item in self.items():
            text = item.text()
            if text in found:
                item.refuse("name_twice")
            found.append(text)
        return tuple(found)

    def flag(self) -> bool:
        """Return a boolean."""
        if not isinstance(self.value, bool):
            self.refuse("value_wrong", "true or false was expected")
            return False
        return self.value

    def whole(self, low: int, high: int) -> int:
        """Return an integer in [low, high]."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not low <= self.value <= high:
            self.refuse("value_wrong", f"an integer from {low} to {high} was expected")
            return low
        return self.value

    def choice(self, *names: str) -> str:
        """Return one of the named choices."""
        if self.value is None:
            self.refuse("choice_open")
            return names[0]
        if not isinstance(self.value, str) or self.value not in names:
            self.refuse("choice_unknown", "one of " + ", ".join(names))
            return names[0]
        return self.value

    def day(self) -> date | None:
        """Return a date, or None for null."""
        if self.value is None:
            return None
        try:
            return civil.day(self.value if isinstance(self.value, str) else "")
        except ValueError:
            self.refuse("value_wrong", "a date was expected")
            return None


def escape(key: str) -> str:
    """Return a field name as JSON pointers write it (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def known(names: Iterable[str]) -> str:
    """Return what is said of a name that is not among the known ones."""
    return f"{FAULTS['field_unknown']}; it knows: {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """Return names as a refusal lists them: in order, `none` where there are none, and not more than can be read."""
    found = sorted(names)
    more = [f"and {len(found) - NAMES_MAX} more"] if len(found) > NAMES_MAX else []
    return ", ".join([*found[:NAMES_MAX], *more]) or "none"


def check_depth(value: Any) -> None:
    """Refuse a document that is nested deeper than any can be (`document_too_deep`), before anything walks it."""
    level: list[tuple[str, Any]] = [("", value)]
    for _ in range(DEPTH_MAX):
        level = [
            (f"{pointer}/{escape(str(key))}", inner)
            for pointer, outer in level
            for key, inner in _inner(outer)
            if _inner(inner)
        ]
        if not level:
            return
    raise DocumentError("document_too_deep", level[0][0])


def _inner(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return tuple(enumerate(value)) if isinstance(value, list) else ()
