"""Leaflets (宣传页、便民条): tips on safety and saving, and what papers a request needs, as dated data (S30). Pure.

A leaflet that travels has a day of the year: it goes with the bill whose period holds that day, so with one bill a year of each
supply at most, whatever the length of its periods and the order in which bills come; of several supplies of an account with one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from services.notify.policies.domain import LANGUAGES
from shared import dated
from shared.dated import Versions
from shared.document import Node

KINDS: Final = ("tip", "papers")
"""提示, 办事所需资料."""
LEAFLETS_MAX = 200  # of a version: a shelf, not a library
TITLE_MAX, TEXT_MAX = 60, 1200  # characters: what is read beside a bill
KWH_MAX = 10_000_000
ALL: Final = "*"
_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", re.ASCII)
_ANY_YEAR = 2001  # no leap year


@dataclass(frozen=True, slots=True)
class Text:
    """What a leaflet says in one language."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Leaflet:
    """A leaflet. `travels_on`: month and day, or none: it does not travel. `request`: of papers, the code of the request.

    `classes`: for whom, as the tariff's id has it behind the region (`residential` is `CN-ZJ/residential/…` too); `*`: for all.
    `from_wh`, `to_wh`: it travels with bills of this much energy, half-open.
    """

    leaflet: str
    kind: str
    request: str | None
    classes: tuple[str, ...]
    travels_on: tuple[int, int] | None
    from_wh: int
    to_wh: int | None
    texts: Mapping[str, Text]

    def is_for(self, customer_class: str) -> bool:
        """Return whether it is for a class of customers (用电类别)."""
        return any(each == ALL or f"{customer_class}/".startswith(f"{each}/") for each in self.classes)

    def goes_with(self, energy_wh: int) -> bool:
        """Return whether it goes with a bill of so much energy."""
        return self.from_wh <= energy_wh and (self.to_wh is None or energy_wh < self.to_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A bill as the choice needs it; its period is half-open."""

    account_no: str
    tariff: str
    period_from: date
    period_to: date
    energy_wh: int

    @property
    def customer_class(self) -> str:
        """The tariff's id behind its region, without its version."""
        return self.tariff.partition("@")[0].partition("/")[2]


@dataclass(frozen=True)
class Leaflets:
    """All versions of the leaflets, and each text as it was last written."""

    versions: Versions[tuple[Leaflet, ...]] | None = None
    texts: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Leaflet, ...]:
        """Return the leaflets of a day."""
        return self.versions.on_or_first(day) if self.versions is not None else ()

    def with_bills(self, bills: Iterable[Billed]) -> list[list[tuple[str, int]]]:
        """Return the leaflets that travel with each bill, each with the year that it is for."""
        travelling: dict[tuple[date, date, str], list[tuple[date, Leaflet]]] = {}  # many bills are alike
        found = []
        for bill in bills:
            form = bill.period_from, bill.period_to, bill.tariff
            if form not in travelling:
                days = self._travelling(bill.period_from, bill.period_to)
                travelling[form] = [(day, each) for day, each in days if each.is_for(bill.customer_class)]
            found.append([(each.leaflet, day.year) for day, each in travelling[form] if each.goes_with(bill.energy_wh)])
        return found

    def _travelling(self, since: date, until: date) -> Iterator[tuple[date, Leaflet]]:
        for version in self.versions or ():
            for each in version.rules:
                if each.travels_on is None:
                    continue
                for year in range(since.year, until.year + 1):
                    day = date(year, *each.travels_on)
                    if since <= day < until and day in version.period:
                        yield day, each

    def enclosed(self, leaflets: str, language: str) -> str:
        """Return what leaflets, by their names joined by blanks, say below a notice; raises KeyError for one that is no more."""
        texts = [self.texts[name][language] for name in leaflets.split()]
        return "".join(f"\n{each.title}\n{each.text}\n" for each in texts)


def load(document: Any) -> Leaflets:
    """Return the leaflets of a parsed document; raises `DocumentError` with all its faults."""
    versions = Node.read(document, lambda root: dated.versions(root, _version, fields="leaflets"))
    texts: dict[str, Mapping[str, Text]] = {}
    for version in versions:
        texts |= {each.leaflet: each.texts for each in version.rules}
    return Leaflets(versions, texts)


def _version(node: Node) -> tuple[Leaflet, ...]:
    items = node.get("leaflets").items()
    if len(items) > LEAFLETS_MAX:
        node.refuse("value_wrong", f"at most {LEAFLETS_MAX} leaflets")
    found = tuple(_leaflet(each) for each in items)
    if len({each.leaflet for each in found}) < len(found):
        node.refuse("value_wrong", "each leaflet once")
    return found


def _leaflet(node: Node) -> Leaflet:
    node.keys("leaflet kind request classes travels_on usage_kwh texts")
    usage, request = node.maybe("usage_kwh"), node.maybe("request")
    kind = node.get("kind").choice(*KINDS)
    if (kind == "papers") != (request is not None):
        node.refuse("value_wrong", "papers name their request, and nothing else does")
    given = node.get("texts").keys(" ".join(LANGUAGES))
    bounds = usage.keys("from to") if usage else None
    upper = bounds.maybe("to") if bounds else None
    return Leaflet(
        leaflet=_code(node.get("leaflet")),
        kind=kind,
        request=_code(request) if request else None,
        classes=node.get("classes").texts(),
        travels_on=_day(day) if (day := node.maybe("travels_on")) is not None else None,
        from_wh=bounds.get("from").whole(0, KWH_MAX) * 1000 if bounds else 0,
        to_wh=upper.whole(1, KWH_MAX) * 1000 if upper else None,
        texts={language: _text(given.get(language)) for language in LANGUAGES},
    )


def _code(node: Node) -> str:
    code = node.text()
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", code, re.ASCII):
        node.refuse("value_wrong", "a code such as summer_cooling was expected")
    return code


def _day(node: Node) -> tuple[int, int] | None:
    """Return month and day of each year, so never the 29th of February."""
    text = node.text()
    if _DAY.fullmatch(text):
        month, day = int(text[:2]), int(text[3:])
        try:
            date(_ANY_YEAR, month, day)
        except ValueError:
            pass
        else:
            return month, day
    node.refuse("value_wrong", "a day of each year such as 06-15 was expected")
    return None


def _text(node: Node) -> Text:
    node.keys("title text")
    title, text = node.get("title"), node.get("text")
    found = Text(title.text(), text.text())
    if len(found.title) > TITLE_MAX or "\n" in found.title:
        title.refuse("value_wrong", f"one line of at most {TITLE_MAX} characters")
    if len(found.text) > TEXT_MAX:
        text.refuse("value_wrong", f"at most {TEXT_MAX} characters")
    return found
