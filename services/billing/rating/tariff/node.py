"""Walking a tariff document: `shared.document` and the exact numbers of the tariff language."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from services.billing.rating.tariff.codes import TariffError
from shared import document
from shared.document import Fault
from shared.exact import MODES, ZERO, Exact, RoundTo, parse

T = TypeVar("T")


class Faults:
    """What is wrong with a document: found while one part of it after the other is loaded."""

    def __init__(self) -> None:
        self._found: dict[str, Fault] = {}
        self._following: set[str] = set()

    def next_part(self, *following: str) -> None:
        """Begin with a part that refers to those before it: where they are wrong, it only seems to have such faults."""
        self._following |= set(following if self._found else ())

    def of(self, load: Callable[[], T], otherwise: T) -> T:
        """Return what is loaded, or something else that loading can go on with."""
        try:
            return load()
        except TariffError as error:
            for fault in error.faults:
                if fault.code not in self._following:
                    self._found.setdefault(fault.pointer, fault)
            return otherwise

    def check(self, form: Iterable[Fault]) -> None:
        """Refuse a document with any fault, those of its form among them."""
        for fault in form:
            self._found.setdefault(fault.pointer, fault)
        if self._found:
            first, *more = list(self._found.values())[: document.FAULTS_MAX]
            raise TariffError(*first, more)


class Node(document.Node):
    """A value of a tariff document and where it stands."""

    __slots__ = ()

    error = TariffError

    def decimal(self) -> Exact:
        """Return a decimal that is written as a text."""
        try:
            return parse(self.value)
        except ValueError:
            self.refuse("value_wrong", "a decimal in quotes was expected")
            return ZERO

    def positive(self) -> Exact:
        """Return a decimal above 0."""
        value = self.decimal()
        if value.num <= 0:
            raise self.fail("value_wrong", "a decimal above 0 was expected")
        return value

    def thousandths(self) -> int:
        """Return a decimal ≥ 0 in thousandths (kWh -> Wh); finer ones are refused."""
        value = self.decimal()
        milli, rest = divmod(value.num * 1000, value.den)
        if rest or milli < 0:
            raise self.fail("value_wrong", "at most three decimals and not below 0 were expected")
        return milli

    def rounding(self) -> RoundTo:
        """Return a rounding {step, mode}."""
        return RoundTo(self.get("step").positive(), self.get("mode", "choice_open").choice(*sorted(MODES)))


def after_what_they_use(
    items: Mapping[str, Node], used: Callable[[Node, Mapping[str, Node]], set[str]]
) -> Iterator[tuple[str, Node]]:
    """Yield named parts after those that they use, in whatever order they stand: a document that is stored is sorted.

    What uses itself in a circle comes last, in the order of the document.
    """
    needs = {name: used(item, items) & (items.keys() - {name}) for name, item in items.items()}
    while needs:
        free = [name for name, others in needs.items() if others.isdisjoint(needs)]
        for name in free or list(needs):
            del needs[name]
            yield name, items[name]
