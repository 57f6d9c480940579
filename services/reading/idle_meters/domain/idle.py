"""Idle meters (闲置电表) and what they cost: installed and unused, too long in stock, removed and not taken back. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Final, Literal, get_args

from services.reading.policies.domain.idle import IdleRules

Kind = Literal["unused", "in_stock", "not_taken_back"]
"""已装未用, 积压在库, 已拆未回."""
KINDS: Final = get_args(Kind)
UNUSED, IN_STOCK, NOT_TAKEN_BACK = "unused", "in_stock", "not_taken_back"
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """So many meters that are idle since a day, of an org unit and a type."""

    kind: str
    org_unit: str
    meter_type: str | None
    since: date
    meters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a meter costs in fen: a month, and over the whole months since it is idle."""

    month_fen: int
    months: int

    @property
    def total_fen(self) -> int:
        """Return what it has cost since it is idle."""
        return self.month_fen * self.months


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The idle meters of a kind, an org unit and a type: how many, what they cost a month, and what they have cost by now."""

    kind: str
    org_unit: str
    meter_type: str | None
    meters: int
    month_fen: int
    total_fen: int

    @property
    def key(self) -> tuple[str, str, str]:
        """Their order."""
        return self.kind, self.org_unit, self.meter_type or ""


def cost(kind: str, meter_type: str | None, since: date, on: date, rules: IdleRules) -> Cost:
    """Return what an idle meter costs by the rules of the day of the report; nobody comes to read one that stands nowhere."""
    own = rules.costs_of(meter_type)
    visit_fen = own.visit_fen if kind == UNUSED else 0
    return Cost(month_fen=own.purchase_fen + own.verification_fen + visit_fen, months=months(since, on))


def months(since: date, on: date) -> int:
    """Return the whole months from a day to another."""
    count = _MONTHS * (on.year - since.year) + on.month - since.month
    return max(count - (on.day < since.day), 0)


def figures(groups: Iterable[Group], on: date, rules: IdleRules) -> list[Figure]:
    """Return the figures of groups, in their order."""
    found = []
    ordered = sorted(groups, key=lambda each: (each.kind, each.org_unit, each.meter_type or ""))
    for key, members in groupby(ordered, key=attrgetter("kind", "org_unit", "meter_type")):
        own = [(each.meters, cost(each.kind, each.meter_type, each.since, on, rules)) for each in members]
        found.append(
            Figure(
                kind=key[0],
                org_unit=key[1],
                meter_type=key[2],
                meters=sum(meters for meters, _ in own),
                month_fen=sum(meters * each.month_fen for meters, each in own),
                total_fen=sum(meters * each.total_fen for meters, each in own),
            )
        )
    return found
