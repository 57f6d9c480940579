"""Collection has a customer called about a debt (电话催费)."""

from datetime import date

from services.notify.kinds.reminder import FIGURES, of_step, withdrawal
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.collection import DunningStepDue, DunningStepWithdrawn

NAME = "dunning_call"


def cause(fact: DunningStepDue) -> Cause | None:
    """Have an account called; other steps are of other kinds."""
    return of_step(fact, NAME) if fact.action == "call" else None


ZH = Text(
    subject="电话催费 户号 {account_no}",
    body="""\
户号 {account_no} 有电费 {outstanding_yuan} 元，最早一笔应于 {due_on} 前缴纳，截至 {business_date} 尚未结清。
请问何时可以缴清？如一时有困难，可以申请分期；对电费有疑问的，可以先核实。
""",
    short="户号 {account_no} 有电费 {outstanding_yuan} 元尚未结清，请尽快缴纳；有困难或疑问请来电。",
)

EN = Text(
    subject="Call about arrears, account {account_no}",
    body="""\
Account {account_no} owes CNY {outstanding_yuan}, the oldest part due on {due_on}, still open on {business_date}.
When can it be paid? If that is difficult now, instalments can be asked for; what is doubted can be checked first.
""",
    short="Account {account_no} owes CNY {outstanding_yuan}. Please pay now, or call us if that is difficult or you doubt it.",
)

KIND = Kind(
    name=NAME,
    fact=DunningStepDue,
    cause=cause,
    withdrawn_by={DunningStepWithdrawn: withdrawal},
    figures=FIGURES,
    roles=frozenset({"holder"}),
    legal_effect=True,  # what is told by word of mouth counts as a reminder does
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
)
