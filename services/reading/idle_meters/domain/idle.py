"""Idle meters (闲置电表) and what they cost: installed and unused, too long in hand, removed and not taken back. Pure."""

from calendar import monthrange
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Final, Literal, get_args

from services.reading.policies.domain.idle import IdleRules

Kind = Literal["unused", "in_stock", "not_taken_back"]
"""已装未用, 积压在库 (in whatever state the warehouse or the laboratory has it), 已拆未回."""
KINDS: Final = get_args(Kind)
UNUSED, IN_STOCK, NOT_TAKEN_BACK = "unused", "in_stock", "not_taken_back"
CUSTOMER: Final = "customer"
"""Whose property a meter is that costs the utility nothing."""
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """So many meters that are idle since a day, of an org unit, a type and an owner."""

    kind: str
    org_unit: str
    meter_type: str | None
    owner: str
    since: date
    meters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a meter costs in fen: a month by the rules of the day of the report, each whole one since it is idle by its own."""

    month_fen: int
    months: int
    total_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The idle meters of a kind, an org unit, a type and an owner: how many, what they cost a month and have cost."""

    kind: str
    org_unit: str
    meter_type: str | None
    owner: str
    meters: int
    month_fen: int
    total_fen: int

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Their order."""
        return self.kind, self.org_unit, self.meter_type or "", self.owner


class Costs:
    """What idle meters cost the utility by a day: a month by the rules of its first day, one of a customer (产权) nothing."""

    def __init__(self, rules_of: Callable[[date], IdleRules], on: date) -> None:
        self._rules_of = cache(rules_of)
        self._on = on
        self.of = cache(self._of)

    def _of(self, kind: str, meter_type: str | None, owner: str, since: date) -> Cost:
        """Return what an idle meter costs; nobody comes to read one that stands nowhere."""
        count = months(since, self._on)
        past = (self._month(kind, meter_type, owner, _later(since, number)) for number in range(count))
        return Cost(month_fen=self._month(kind, meter_type, owner, self._on), months=count, total_fen=sum(past))

    def _month(self, kind: str, meter_type: str | None, owner: str, day: date) -> int:
        if owner == CUSTOMER:
            return 0
        own = self._rules_of(day).costs_of(meter_type)
        return own.purchase_fen + own.verification_fen + (own.visit_fen if kind == UNUSED else 0)


def _later(day: date, count: int) -> date:
    """Return the day some months later, the last of a month that is too short for it."""
    year, month = divmod(_MONTHS * day.year + day.month - 1 + count, _MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months(since: date, on: date) -> int:
    """Return the whole months from a day to another."""
    count = _MONTHS * (on.year - since.year) + on.month - since.month
    return max(count - (on.day < since.day), 0)


def figures(groups: Iterable[Group], costs: Costs) -> list[Figure]:
    """Return the figures of groups, in their order."""
    found = []
    ordered = sorted(groups, key=lambda each: (each.kind, each.org_unit, each.meter_type or "", each.owner))
    for key, members in groupby(ordered, key=attrgetter("kind", "org_unit", "meter_type", "owner")):
        own = [(each.meters, costs.of(each.kind, each.meter_type, each.owner, each.since)) for each in members]
        found.append(
            Figure(
                kind=key[0],
                org_unit=key[1],
                meter_type=key[2],
                owner=key[3],
                meters=sum(meters for meters, _ in own),
                month_fen=sum(meters * each.month_fen for meters, each in own),
                total_fen=sum(meters * each.total_fen for meters, each in own),
            )
        )
    return found
