"""Collection has somebody go to a customer about a debt (上门催费): what is said there is what is said on the phone."""

from dataclasses import replace
from datetime import date

from services.notify.kinds import dunning_call as call
from services.notify.kinds.reminder import of_step
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Template
from shared.events.collection import DunningStepDue

NAME = "dunning_visit"


def cause(fact: DunningStepDue) -> Cause | None:
    """Have somebody go there; other steps are of other kinds."""
    return of_step(fact, NAME) if fact.action == "visit" else None


ZH = replace(call.ZH, subject="上门催费 户号 {account_no}")
EN = replace(call.EN, subject="Visit about arrears, account {account_no}")

KIND = replace(
    call.KIND,
    name=NAME,
    cause=cause,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
)
