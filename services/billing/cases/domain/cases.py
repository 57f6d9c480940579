"""Cases (案件): suspicion of a change of use, breach, theft or a metering fault at a point, from signal to outcome. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, Literal

from services.billing.bills.domain.case_rules import CaseRules
from shared import natural
from shared.business_calendar import Calendar, YearUnknown
from shared.statemachine import StateMachine

OPEN, INVESTIGATING, CALCULATED, AWAITING = "open", "investigating", "calculated", "awaiting_approval"
CHARGED, RECLASSED, ADJUSTED, DISMISSED = "charged", "reclassed", "adjusted", "dismissed"
_ENDED: Final = (CHARGED, RECLASSED, ADJUSTED, DISMISSED)
LIFE: Final = StateMachine(
    name="case",
    starts=(OPEN,),
    moves={
        "investigate": {OPEN: INVESTIGATING},
        "calculate": {OPEN: CALCULATED, INVESTIGATING: CALCULATED, CALCULATED: CALCULATED},
        "propose": {OPEN: AWAITING, INVESTIGATING: AWAITING, CALCULATED: AWAITING},
        "give_back": {AWAITING: INVESTIGATING},
        "take_back": {AWAITING: INVESTIGATING},
        "charge": {AWAITING: CHARGED, CALCULATED: CHARGED},
        "adjust": {AWAITING: ADJUSTED, CALCULATED: ADJUSTED},
        "reclass": {AWAITING: RECLASSED, OPEN: RECLASSED, INVESTIGATING: RECLASSED, CALCULATED: RECLASSED},
        "adopt_charge": dict.fromkeys((OPEN, INVESTIGATING, CALCULATED, AWAITING), CHARGED),
        "adopt_adjustment": dict.fromkeys((OPEN, INVESTIGATING, CALCULATED, AWAITING), ADJUSTED),
        "class": dict.fromkeys((AWAITING, OPEN, INVESTIGATING), INVESTIGATING) | {CALCULATED: CALCULATED},
        "confirm_charge": {INVESTIGATING: CHARGED, CALCULATED: CHARGED},
        "confirm_adjustment": {INVESTIGATING: ADJUSTED, CALCULATED: ADJUSTED},
        "confirm_class": {INVESTIGATING: RECLASSED, CALCULATED: RECLASSED},
        "dismiss": {OPEN: DISMISSED, INVESTIGATING: DISMISSED, CALCULATED: DISMISSED},
        "reopen": dict.fromkeys(_ENDED, INVESTIGATING),
    },
)
State = Literal[
    "open", "investigating", "calculated", "awaiting_approval", "charged", "reclassed", "adjusted", "dismissed"
]
FINDING, OBSERVATION, ALARM, TIP = "finding", "observation", "alarm", "tip"
"""Where signals come from."""
SUBJECT: Final = "case"
"""The kind of subject that a case is of a site order."""
SITE_CHECK, CALCULATION, DECISION = "site_check", "calculation", "decision"
VISIT: Final = "visit:"
VERDICTS: Final[Mapping[str, Literal["right", "wrong"]]] = {
    "charge": "right",
    "adjust": "right",
    "reclass": "right",
    "adopt_charge": "right",
    "adopt_adjustment": "right",
    "confirm_charge": "right",
    "confirm_adjustment": "right",
    "confirm_class": "right",
    "dismiss": "wrong",
}
"""What each end says of the findings that were signals; a case is also dismissed where what was found was known before."""
_DECIDED: Final = ("give_back", "charge", "adjust", "reclass", "class")
_BEGUN: Final = date(2000, 1, 1)


def case_no_of(service_point_no: str, kind: str, number: int) -> str:
    """Return the number of a case: it follows from its point, kind and count, of whatever day its signals prove to be."""
    return natural.key_id(_BEGUN, "case", service_point_no, kind, number)


def movers(moves: Iterable[tuple[str, str]]) -> set[str]:
    """Return who moved a case by these moves (event, actor), in their order; not who only decided on what was proposed."""
    found, proposed = set(), False
    for event, actor in moves:
        decided = proposed and event in _DECIDED
        proposed = event == "propose"
        if not decided:
            found.add(actor)
    return found


def order_no_of(case_no: str, kind: str, number: int) -> str:
    """Return the number of a site order of a case: it follows from the case, and from how many of its kind were asked for."""
    return natural.key_id(_BEGUN, "case_order", case_no, kind, number)


def visit_no_of(order_no: str) -> str:
    """Return the number as evidence of what a site order found; none that somebody gives begins so (`VISIT`)."""
    return f"{VISIT}{order_no}"


def due_days(rules: CaseRules, kind: str, since: date, calendar: Calendar) -> Mapping[str, date | None]:
    """Return by step the business day by which it is to be done; None where no calendar has its year."""
    return {step: _due(calendar, since, days) for step, days in rules.steps_of(kind).items()}


def _due(calendar: Calendar, since: date, days: int) -> date | None:
    try:
        return calendar.after(since, days)
    except YearUnknown:
        return None
