"""What comes of a closing too late to be a step of it: it is found, listed with a code, and explained by a person. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.billing.closings.domain import life
from services.billing.closings.domain.closing import Closing, Known

OBJECTED: Final = "objected"
OBJECTED_LATE: Final = "objected_late"
USED: Final = "used"
BILL_CHANGED: Final = "bill_changed"
CODES: Final = (OBJECTED, OBJECTED_LATE, USED, BILL_CHANGED, life.CASE_OPEN)
"""An objection within the period that was told after the contract had ended; one after the period, whenever it was told; energy
of days before the end that was told after it; a bill of the contract that is another one since its last one was told; a case that
is open though it was told that the money of the account is to be settled."""
OPEN: Final = "open"
EXPLAINED: Final = "explained"
GONE: Final = "gone"
STATES: Final = (OPEN, EXPLAINED, GONE)
"""`explained`: a person has said what becomes of it; should that change, it is open again. `gone`: it follows no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding about a closing. `what`: what was found, in figures; `due_on`: by when somebody is to explain it."""

    closing_no: str
    code: str
    what: str
    account_no: str
    service_point_no: str
    org_unit: str
    found_on: date
    due_on: date | None
    state: str = OPEN
    explained_by: str | None = None
    explanation: str = ""


def found(closing: Closing, known: Known) -> dict[str, str]:
    """Return what is to be found about a closing, by code, from all that is known: in no order of arrival."""
    if closing.state == life.WITHDRAWN:
        return {}
    late = {OBJECTED_LATE: f"{known.objected_late_on}"} if known.objected_late_on else {}
    if closing.state in life.BEFORE_THE_END:
        return late
    in_time = {OBJECTED: f"{known.objected_on}"} if known.objected_on else {}
    used = {USED: f"{known.used_wh} Wh"} if known.used_wh else {}
    changed = {BILL_CHANGED: known.bill_changed} if known.bill_changed else {}
    cases = known.undecided.get(life.CASE_OPEN) if closing.state != life.ENDED else None
    opened = {life.CASE_OPEN: cases} if cases else {}
    return {**in_time, **late, **used, **changed, **opened}


def follow(
    closing: Closing, wanted: Mapping[str, str], before: Mapping[str, Finding], *, on: date, due_on: date | None
) -> list[Finding]:
    """Return the findings about a closing that have changed, from those before."""
    changed = [replace(old, state=GONE) for code, old in before.items() if code not in wanted and old.state != GONE]
    for code, what in wanted.items():
        old = before.get(code)
        if old is not None and old.state != GONE and old.what == what:
            continue
        is_open = old is not None and old.state == OPEN
        changed.append(
            Finding(
                closing_no=closing.closing_no,
                code=code,
                what=what,
                account_no=closing.account_no,
                service_point_no=closing.service_point_no,
                org_unit=closing.org_unit,
                found_on=old.found_on if old and is_open else on,
                due_on=old.due_on if old and is_open else due_on,
            )
        )
    return changed


def is_held(closing: Closing, known: Known, before: Mapping[str, Finding]) -> bool:
    """Return whether a closing waits for a person's word on a late objection, which was not explained as it is."""
    what = found(closing, known).get(OBJECTED_LATE)
    old = before.get(OBJECTED_LATE)
    return what is not None and (old is None or old.state != EXPLAINED or old.what != what)
