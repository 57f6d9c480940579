"""Instalment plans (分期): what a plan must be to be agreed, and whether it is kept. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from shared import dated
from shared.dated import Versions
from shared.document import Node
from shared.errors import BusinessError
from shared.statemachine import StateMachine

FIELDS: Final = "plans"
INSTALMENTS_MAX: Final = 60
DAYS_MAX: Final = 1095
GRACE_MAX: Final = 30
PROPOSED: Final = "proposed"
AGREED: Final = "agreed"
BROKEN: Final = "broken"
COMPLETED: Final = "completed"
REJECTED: Final = "rejected"
LIFE: Final = StateMachine(
    name="instalment plan",
    starts=(PROPOSED,),
    moves={
        "agree": {PROPOSED: AGREED},
        "reject": {PROPOSED: REJECTED},
        "break": {AGREED: BROKEN},
        "complete": {AGREED: COMPLETED},
    },
)
"""`reject`: another person has, or who proposed it has taken it back."""


class DoesNotAddUp(BusinessError):
    status = 422
    code = "plan.does_not_add_up"
    title = "The instalments do not add up to what is owed on the receivables"


class DaysWrong(BusinessError):
    status = 422
    code = "plan.days_wrong"
    title = "Each instalment is due after the one before it, and none in the past"


class TooLong(BusinessError):
    status = 422
    code = "plan.too_long"
    title = "The policy lets a plan have fewer instalments, or end sooner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How many instalments a plan may have, within how many days, and how many days after its own one may still be paid."""

    instalments_max: int = 12
    days_max: int = 365
    grace_days: int = 3


Rulebook = Versions[Rules]


class Instalment(NamedTuple):
    """What is to be paid by a day."""

    due_on: date
    amount_fen: int


def check(rules: Rules, instalments: Sequence[Instalment], owed_fen: int, today: date) -> None:
    """Refuse what cannot be agreed. Raises DaysWrong, TooLong, DoesNotAddUp."""
    days = [each.due_on for each in instalments]
    if days[0] < today or days != sorted(set(days)):
        raise DaysWrong
    if len(days) > rules.instalments_max or days[-1] > today + timedelta(days=rules.days_max):
        raise TooLong(f"at most {rules.instalments_max} instalments in {rules.days_max} days")
    planned = sum(each.amount_fen for each in instalments)
    if planned != owed_fen:
        raise DoesNotAddUp(f"{planned} fen are planned, {owed_fen} are owed")


def last_day(instalments: Sequence[Instalment], grace_days: int) -> date:
    """Return the last day on which a plan may be kept."""
    return instalments[-1].due_on + timedelta(days=grace_days)


def what_happened(instalments: Sequence[Instalment], grace_days: int, settled_fen: int, on: date) -> str | None:
    """Return the event of a day: `complete` where all is settled; `break` where less is than was due, the days of grace over."""
    if settled_fen >= sum(each.amount_fen for each in instalments):
        return "complete"
    due = sum(each.amount_fen for each in instalments if each.due_on + timedelta(days=grace_days) < on)
    return "break" if settled_fen < due else None


def read(document: Node, *, also: str) -> Rulebook:
    """Return the rules of a policy document; `also` names the fields of a version that others read."""
    return dated.versions(document, lambda version: _rules(version.maybe(FIELDS)), fields=f"{FIELDS} {also}")


def _rules(node: Node | None) -> Rules:
    if node is None:
        return Rules()
    node.keys("instalments_max days_max grace_days")
    return Rules(
        instalments_max=node.get("instalments_max").whole(1, INSTALMENTS_MAX),
        days_max=node.get("days_max").whole(1, DAYS_MAX),
        grace_days=node.get("grace_days").whole(0, GRACE_MAX),
    )
