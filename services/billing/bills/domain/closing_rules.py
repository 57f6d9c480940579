"""When supply that nobody uses may end (销户): the part `closing` of the policy of billing. Pure.

Source: 供电营业规则 (2024): unused for six months, a check on site and one month of public notice; suspended customers are kept.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.document import Node

STEPS: Final = ("checking", "announced", "final_read", "ended", "billed", "settled")
"""The states of a closing in which somebody has to do something, each with a day by which it is to be done."""
MONTHS_MAX, DAYS_MAX = 24, 60
EXPLAINED_MONTHS_MAX: Final = 12  # of a policy that says nothing of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRules:
    """`unused_months` in a row without use are found, and are to be taken up in so many business days.

    `suspended_states`: states of equipment, and `seasonal_classes`: customer classes, that explain it. An announcement stands for
    `announced_months`; a customer is told at least `told_days` before it is approved; who objects is left alone for
    `objected_months`. What a person explains holds for `explained_months_max` at most, then
    it is explained anew. `steps`: business days for each.
    """

    unused_months: int
    take_up_business_days: int
    suspended_states: frozenset[str]
    seasonal_classes: frozenset[str]
    announced_months: int
    told_days: int
    objected_months: int
    explained_months_max: int
    steps: Mapping[str, int]


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or earlier where below zero; the last of a month that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def read(node: Node) -> ClosingRules:
    """Return the rules of a policy version."""
    node.keys(
        "unused_months take_up_business_days suspended_states seasonal_classes announced_months told_days objected_months"
        " explained_months_max steps"
    )
    longest = node.maybe("explained_months_max")
    steps = node.get("steps").keys(" ".join(STEPS))
    return ClosingRules(
        unused_months=node.get("unused_months").whole(1, MONTHS_MAX),
        take_up_business_days=node.get("take_up_business_days").whole(1, DAYS_MAX),
        suspended_states=frozenset(node.get("suspended_states").texts()),
        seasonal_classes=frozenset(node.get("seasonal_classes").texts()),
        announced_months=node.get("announced_months").whole(1, MONTHS_MAX),
        told_days=node.get("told_days").whole(0, DAYS_MAX),
        objected_months=node.get("objected_months").whole(1, MONTHS_MAX),
        explained_months_max=longest.whole(1, MONTHS_MAX) if longest else EXPLAINED_MONTHS_MAX,
        steps={name: steps.get(name).whole(1, DAYS_MAX) for name in STEPS},
    )
