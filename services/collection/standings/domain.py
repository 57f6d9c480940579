"""How an account pays (缴费情况): judged by dated rules over what was due in its last months. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

from shared import civil, dated
from shared.dated import Versions
from shared.document import Node

Standing = Literal["prompt", "sometimes_late", "often_late", "hardship"]
PROMPT: Final = "prompt"
SOMETIMES_LATE: Final = "sometimes_late"
OFTEN_LATE: Final = "often_late"
HARDSHIP: Final = "hardship"
FIELDS: Final = "standing"
MONTHS_MAX: Final = 60
DAYS_MAX: Final = 365
RECEIVABLES_MAX: Final = 1000  # of one account in these months: more is a typing error


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When an account pays late, and how often that is often.

    What was due within `months` counts, and what is older and still owed. A receivable is late where it was settled more than
    `late_days` days after its due date, or is not settled by then. From `sometimes_late_from` late ones on an account is
    sometimes late; from `often_late_from` on, where they are `often_late_percent` or more of those that count, often.
    """

    months: int
    late_days: int
    sometimes_late_from: int
    often_late_from: int
    often_late_percent: int
    hardship_reasons: tuple[str, ...]


Rulebook = Versions[Rules]


class Due(NamedTuple):
    """A receivable as far as its standing goes; `cleared_on` is the day on which nothing of it was owed any more."""

    due_on: date
    cleared_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A standing and the figures that it was judged by: receivables that count, those that are late, those of them still owed."""

    standing: str
    due_count: int
    late_count: int
    owed_late_count: int


def first_due(rules: Rules, on: date) -> date:
    """Return the first due date that counts on a day, whatever was settled when."""
    return civil.months_before(on, rules.months)


def judge(rules: Rules, due: Iterable[Due], on: date, *, is_hardship: bool) -> Judged:
    """Judge an account by what was due up to a day, as it stood on that day; the order of `due` decides nothing."""
    since = first_due(rules, on)
    counted = [(each, _settled_by(each, on)) for each in due if each.due_on <= on]
    counted = [(each, settled) for each, settled in counted if each.due_on >= since or settled is None]
    late = [settled for each, settled in counted if ((settled or on) - each.due_on).days > rules.late_days]
    return Judged(
        standing=HARDSHIP if is_hardship else _standing(rules, late=len(late), of=len(counted)),
        due_count=len(counted),
        late_count=len(late),
        owed_late_count=late.count(None),
    )


def _settled_by(each: Due, on: date) -> date | None:
    return each.cleared_on if each.cleared_on and each.cleared_on <= on else None


def _standing(rules: Rules, *, late: int, of: int) -> str:
    if late >= rules.often_late_from and late * 100 >= rules.often_late_percent * of:
        return OFTEN_LATE
    return SOMETIMES_LATE if late >= rules.sometimes_late_from else PROMPT


def read(document: Node, *, also: str) -> Rulebook:
    """Return the rules of a policy document; `also` names the fields of a version that others read."""
    return dated.versions(document, lambda version: _rules(version.get(FIELDS)), fields=f"{FIELDS} {also}")


def _rules(node: Node) -> Rules:
    node.keys("months late_days sometimes_late_from often_late_from often_late_percent hardship_reasons")
    sometimes = node.get("sometimes_late_from").whole(1, RECEIVABLES_MAX)
    return Rules(
        months=node.get("months").whole(1, MONTHS_MAX),
        late_days=node.get("late_days").whole(0, DAYS_MAX),
        sometimes_late_from=sometimes,
        often_late_from=node.get("often_late_from").whole(sometimes, RECEIVABLES_MAX),
        often_late_percent=node.get("often_late_percent").whole(0, 100),
        hardship_reasons=_codes(node.get("hardship_reasons")),
    )


def _codes(node: Node) -> tuple[str, ...]:
    codes = node.texts()
    if not codes:
        node.refuse("value_wrong", "at least one reason is needed")
    return codes
