"""What a review rule is, and how its section of a policy is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from services.billing.review.domain.findings import HOLD, SEVERITIES, WARN, Finding
from services.billing.review.domain.subject import Subject
from services.billing.review.domain.words import Words
from shared.document import Node

OFF: Final = "off"
ANY: Final = "*"
COUNT_MAX: Final = 10**12  # more fen than a year's bills of a province; a guard against a slip of the unit

L = TypeVar("L")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[L]):
    """A review rule: a pure function of one bill and the limit of its day, and what people read of it.

    `section`: its field of `review` in a policy. `read` makes the limit of it, None where it is switched off. `source`: where
    the rule comes from. `title` says what it looks for, `words` what it has found, with the values of the finding. `of_run`: it
    looks at what the run says of the bill too, and is asked again once that is compared.
    """

    code: str
    section: str
    source: str
    title: Words
    words: Words
    read: Callable[[Node], L | None]
    find: Callable[[Subject, L], Finding | None]
    of_run: bool = False


AnyRule = Rule[Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A change counts from this percentage of the expected usage on, and from this many Wh on; both must be met."""

    percent: int
    wh: int

    def is_reached(self, change_wh: int, expected_wh: int) -> bool:
        """Return whether a change reaches it: against nothing, or less, every change is beyond any percentage, the Wh decide."""
        return change_wh >= self.wh and 100 * change_wh >= self.percent * max(expected_wh, 0)


@dataclass(frozen=True, slots=True)
class Levels:
    """From which change on a rule holds a bill, and from which on it warns; the first that is reached counts."""

    levels: tuple[tuple[Change, str], ...]

    @property
    def severity(self) -> str:
        """Return the worst severity that it can have."""
        return HOLD if any(said == HOLD for _, said in self.levels) else WARN

    def of(self, change_wh: int, expected_wh: int) -> str | None:
        """Return the severity of a change from what was expected, None where it is none."""
        if change_wh <= 0:
            return None
        return next((said for limit, said in self.levels if limit.is_reached(change_wh, expected_wh)), None)


def severity_of(limit: Any) -> str:
    """Return the severity of a rule by its limit, the worst where it has several, `off` where it has none."""
    return limit if isinstance(limit, str) else OFF if limit is None else str(limit.severity)


def count(node: Node, name: str) -> int:
    """Return a count of 0 or more."""
    return node.get(name).whole(0, COUNT_MAX)


def severity(node: Node) -> str | None:
    """Return a severity, None for `off`."""
    said = node.choice(OFF, *SEVERITIES)
    return None if said == OFF else said


def levels(node: Node) -> Levels | None:
    """Return the limits of a change that warns and of one that holds; each may be `off`, and both."""
    node.keys("warn hold")
    found = [(_change(node.get(said)), said) for said in (HOLD, WARN) if node.get(said).value != OFF]
    return Levels(tuple(found)) if found else None


def _change(node: Node) -> Change:
    node.keys("percent kwh")
    return Change(percent=count(node, "percent"), wh=1000 * count(node, "kwh"))
