"""Rules with dates: half-open periods of days, and the versions of a document that follow one another. Pure.

A rule is data, never a constant: another utility or another year is another version. All policies of all services have one form:

    {"id": "CN/billing", "title": "…", "versions": [{"version": "1", "effective": {"from": "2000-01-01", "to": null}, …}]}
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from shared.document import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days, half-open: [from_, to); without `to` it has no end yet."""

    from_: date
    to: date | None = None

    def __contains__(self, day: date) -> bool:
        return self.from_ <= day and (self.to is None or day < self.to)

    def overlaps(self, other: "Period") -> bool:
        """Return whether a day lies in both."""
        return (self.to is None or other.from_ < self.to) and (other.to is None or self.from_ < other.to)


_NO_DAYS = Period(date.min)


class NotCovered(LookupError):
    """No version holds on the day."""


@dataclass(frozen=True, slots=True)
class Version(Generic[T]):
    """The rules that hold in a period; `name` is how the document calls this version."""

    name: str
    period: Period
    rules: T


class Versions(Generic[T]):
    """The versions of one document in time order, without gap or overlap."""

    def __init__(self, title: str, versions: Sequence[Version[T]]) -> None:
        self.title = title
        self._versions = tuple(versions)
        self._starts = [version.period.from_ for version in versions]

    def on(self, day: date) -> T:
        """Return the rules that hold on a day; raises `NotCovered` where none do."""
        return self.version_on(day).rules

    def on_or_first(self, day: date) -> T:
        """Return the rules that hold on a day, those of the first version for days before it."""
        return self.on(max(day, self._starts[0]))

    def version_on(self, day: date) -> Version[T]:
        """Return the version that holds on a day; raises `NotCovered` where none does."""
        index = bisect_right(self._starts, day) - 1
        if index < 0 or day not in self._versions[index].period:
            raise NotCovered(f"{self.title}: no version holds on {day}")
        return self._versions[index]

    def __iter__(self) -> Iterator[Version[T]]:
        return iter(self._versions)


def span(node: Node, *, since: date | None = None) -> Period | None:
    """Return the period of `{"from": …, "to": …}`, `to` null or the first day that is not in it any more.

    None where it is wrong and told later. `since`: where it begins if `from` is null.
    """
    start, end = node.get("from").day() or since, node.get("to").day()
    if start is None:
        node.get("from").refuse("value_wrong", "a date was expected")
    elif end is not None and end <= start:
        node.refuse("dates_reversed")
    elif node.get("from").sound and node.get("to").sound:
        return Period(start, end)
    return None


def versions(document: Node, read: Callable[[Node], T], *, fields: str) -> Versions[T]:
    """Return the versions of a policy document, each one's rules as `read` makes them of it.

    `fields` names everything that a version may have beside `version`, `effective`, `title` and `sources` (blank separated).
    Refuses with the place of the fault: something unknown, a gap or an overlap in time, no version at all, or a last one
    that ends.
    """
    document.keys("id title versions sources")
    found: list[Version[T]] = []
    before: Period | None = None
    for node in document.get("versions").items():
        node.keys(f"version effective title sources {fields}")
        effective = node.get("effective").keys("from to")
        now = span(effective)
        if before and now and before.to != now.from_:
            effective.refuse("version_gap" if before.to and before.to < now.from_ else "version_overlap")
        before = now
        found.append(Version(node.get("version").text(), now or _NO_DAYS, read(node)))
    if not found:
        document.get("versions").refuse("value_wrong", "at least one version is needed")
    elif before and before.to is not None:
        document.get("versions").refuse(
            "value_wrong", "the last version must be open-ended: no day may be without rules"
        )
    return Versions(document.get("title").text(), found)
