"""Dated stages of dunning (催费): how long after the due date of a debt its customer is reminded."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from shared import dated
from shared.dated import NotCovered, Versions
from shared.document import Node

FIELDS: Final = "dunning"
REMINDER: Final = 1  # the stage of the reminder; the later stages of the ladder are decisions of people
DAYS_MAX: Final = 3650  # ten years: longer is a typing error


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    stage: int
    days_after_due: int


Ladders = Versions[tuple[Stage, ...]]
"""The stages of each period, in order; none where nobody is reminded."""


def due_until(ladders: Ladders, business_date: date) -> date | None:
    """Return the last due date of what is to be reminded of on a day; None where nobody is, as where no version holds."""
    try:
        stages = ladders.on(business_date)
    except NotCovered:
        return None
    return business_date - timedelta(days=stages[0].days_after_due) if stages else None


def read(document: Node, *, also: str) -> Ladders:
    """Return the stages of a policy document; `also` names the fields of a version that others read."""
    return dated.versions(document, _stages, fields=f"{FIELDS} {also}")


def _stages(version: Node) -> tuple[Stage, ...]:
    return tuple(_stage(number, node) for number, node in enumerate(version.get("dunning").items(), REMINDER))


def _stage(number: int, node: Node) -> Stage:
    node.keys("stage days_after_due")
    return Stage(
        stage=node.get("stage").whole(number, number), days_after_due=node.get("days_after_due").whole(0, DAYS_MAX)
    )
