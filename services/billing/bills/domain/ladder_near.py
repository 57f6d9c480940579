"""Which tiers of a ladder by year (年阶梯) are near, or reached, by what is billed of the year. Pure.

A ladder by month or day begins anew with each bill: nothing of it is near once its bill is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson  # lint: skip=PURE-IMPORT text in and text out, as pure as json and ten times as fast

from shared.document import Node

PERCENT_MIN: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Accounts of these classes are told of a tier once `percent` of the limit below it are used."""

    classes: frozenset[str]
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A tier that is near, or `reached`; `limit_wh` lies below it, `used_wh` is what of the year is billed."""

    ladder: str
    year: int
    tier: int
    used_wh: int
    limit_wh: int
    reached: bool


def read(node: Node | None) -> Rules | None:
    """Return the rules of a policy document; None: nobody is told."""
    if node is None:
        return None
    node.keys("classes percent")
    return Rules(classes=frozenset(node.get("classes").texts()), percent=node.get("percent").whole(PERCENT_MIN, 100))


def find(state: str, limits: str | None, rules: Rules) -> list[Near]:
    """Return the tiers that are near or reached by the ladder state of a bill and its limits, as they are stored."""
    if not limits or not state:
        return []
    stored = orjson.loads(limits)
    if stored["class"] not in rules.classes:
        return []
    found: list[Near] = []
    for name, entry in orjson.loads(state)["ladders"].items():
        for ladder, used in _tiers(name, entry["used_wh"]):
            found += _of_ladder(ladder, entry["year"], used, stored["limits_wh"].get(ladder, ()), rules.percent)
    return found


def _tiers(name: str, used: Mapping[str, Sequence[int]] | Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    if isinstance(used, Mapping):
        yield from ((f"{name}/{period}", of) for period, of in used.items())
    else:
        yield name, used


def _of_ladder(ladder: str, year: int, used: Sequence[int], limits: Sequence[Any], percent: int) -> Iterator[Near]:
    total = sum(used)
    for place, limit in enumerate(limits, 1):
        reached = sum(used[place:]) > 0
        if limit > 0 and (reached or total * 100 >= percent * limit):
            yield Near(ladder=ladder, year=year, tier=place + 1, used_wh=total, limit_wh=limit, reached=reached)
