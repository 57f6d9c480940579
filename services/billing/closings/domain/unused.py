"""Supply that nobody uses (电量连续为零): the cycles in a row without energy, and what explains them. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.billing.bills.domain.closing_rules import ClosingRules
from services.billing.usages.domain import Zeros

SUSPENDED: Final = "suspended"
SEASONAL: Final = "seasonal"
OBJECTED: Final = "objected"
OPEN: Final = "open"
EXPLAINED: Final = "explained"
TAKEN_UP: Final = "taken_up"
WITHDRAWN: Final = "withdrawn"
STATES: Final = (OPEN, EXPLAINED, TAKEN_UP, WITHDRAWN)
"""Of a row of the work list: nobody has taken it up; why it is unused is known; a closing is under way; it follows no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """A contract in force, with what may explain that nothing is used: its class, and the states of its equipment."""

    contract_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    from_: date
    customer_class: str
    states: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """What a person has said of a row before: `why` explains it until a day, with whom and in which words."""

    contract_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    since: date
    until: date
    months: int
    found_on: date
    take_up_by: date | None
    state: str
    why: str = ""
    explained_until: date | None = None
    explained_by: str | None = None
    explanation: str = ""
    closing_no: str | None = None
    withdrawn_on: date | None = None

    def withdraw(self, on: date) -> "Unused":
        """Return the row that follows no more: something is used, or nobody is supplied any more."""
        if self.state == WITHDRAWN:
            return self
        return replace(self, state=WITHDRAWN, withdrawn_on=on, take_up_by=None, closing_no=None)


def explained_by(supply: Supply, rules: ClosingRules) -> str:
    """Return what is known to explain that nothing is used: all equipment suspended (暂停), or seasonal supply; else nothing."""
    if supply.states and all(state in rules.suspended_states for state in supply.states):
        return SUSPENDED
    return SEASONAL if supply.customer_class in rules.seasonal_classes else ""


def found(
    supply: Supply,
    row: Zeros | None,
    before: Unused | None,
    *,
    closing_no: str | None,
    rules: ClosingRules,
    on: date,
    take_up_by: date | None,
) -> Unused | None:
    """Return the row of the work list that follows for a contract on a day, from the one before; None where there is none.

    A row that follows no more is withdrawn. What a person has explained holds until its day.
    """
    if row is None or row.months < rules.unused_months:
        return before.withdraw(on) if before is not None else None
    stays = before is not None and before.state != WITHDRAWN
    by_rule = explained_by(supply, rules)
    told = before if before and before.explained_until and before.explained_until > on else None
    why = told.why if told else by_rule
    state = TAKEN_UP if closing_no else EXPLAINED if why else OPEN
    again = not stays or (state == OPEN and before is not None and before.state != OPEN)
    return Unused(
        contract_no=supply.contract_no,
        account_no=supply.account_no,
        service_point_no=supply.service_point_no,
        org_unit=supply.org_unit,
        since=row.since,
        until=row.until,
        months=row.months,
        found_on=on if before is None or again else before.found_on,
        take_up_by=take_up_by if before is None or again or before.take_up_by is None else before.take_up_by,
        state=state,
        why=why,
        explained_until=told.explained_until if told else None,
        explained_by=told.explained_by if told else None,
        explanation=told.explanation if told else "",
        closing_no=closing_no,
    )
