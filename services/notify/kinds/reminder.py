"""Collection reminds of a debt (催缴)."""

from collections.abc import Mapping
from datetime import date

from services.notify.notices.domain.causes import Cause, Withdrawal, matter_of
from services.notify.templates.domain import TONE, Kind, Template, Text
from shared.events.collection import DunningStepDue, DunningStepWithdrawn, ReminderDue

NAME = "reminder"
MATTER = "dunning_step"


def cause(fact: DunningStepDue | ReminderDue) -> Cause | None:
    """Remind an account of all that it owes; what is done otherwise is of other kinds. Of before, one fact was one receivable."""
    if isinstance(fact, DunningStepDue):
        return of_step(fact, NAME) if fact.action == "notice" else None
    return _cause(fact, NAME, fact.reminder_id, "")


def withdrawal(fact: DunningStepWithdrawn) -> Withdrawal:
    """Return that nobody is to be told any more of a step whose debts are settled."""
    return Withdrawal(matter=matter_of(MATTER, fact.step_id), account_no=fact.account_no, reason=fact.reason)


def of_step(fact: DunningStepDue, template: str) -> Cause:
    """Return the cause of a step; its cycle is the month of its business date."""
    return _cause(fact, template, fact.step_id, fact.tone or "")


def _cause(fact: DunningStepDue | ReminderDue, template: str, id: str, tone: str) -> Cause:
    return Cause(
        kind="reminder",
        id=id,
        template=template,
        account_no=fact.account_no,
        service_point_no="",
        org_unit=fact.org_unit,
        cycle=fact.business_date.isoformat()[:7],
        day=fact.business_date,
        figures={
            "account_no": fact.account_no,
            "outstanding_fen": fact.outstanding_fen,
            "due_on": fact.due_on.isoformat(),
            "business_date": fact.business_date.isoformat(),
            **({TONE: tone} if tone else {}),
        },
        matter=matter_of(MATTER, id),
    )


ZH = Text(
    subject="电费催缴通知 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no} 有电费 {outstanding_yuan} 元，应于 {due_on} 前缴纳，截至 {business_date} 尚未结清。
如已缴纳，请忽略本通知。

本邮件由系统自动发送。
""",
)

EN = Text(
    subject="Payment reminder, account {account_no}",
    body="""\
Dear customer,

account {account_no} owes CNY {outstanding_yuan}, due on {due_on}, still open on {business_date}.
If you have paid in the meantime, please ignore this message.

This message was sent automatically.
""",
)

ZH_GENTLE = Text(
    subject="温馨提醒：电费待缴 户号 {account_no}",
    body="""\
尊敬的客户：

您好！一件也许被忘记的小事，向您提醒一下：
户号 {account_no} 有电费 {outstanding_yuan} 元，应于 {due_on} 前缴纳，截至 {business_date} 尚未结清。
如已缴纳，请忽略本通知，谢谢您。如一时有困难，请来电，我们会与您一起想办法。

本邮件由系统自动发送。
""",
)

EN_GENTLE = Text(
    subject="A friendly reminder, account {account_no}",
    body="""\
Dear customer,

this may just have slipped your mind:
account {account_no} owes CNY {outstanding_yuan}, due on {due_on}, still open on {business_date}.
If you have paid in the meantime, please ignore this message, and thank you.
If paying is difficult now, please call us: we will look for a way with you.

This message was sent automatically.
""",
)

ZH_FIRM = Text(
    subject="电费催缴通知（请尽快缴纳）户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no} 有电费 {outstanding_yuan} 元，应于 {due_on} 前缴纳，截至 {business_date} 尚未结清。
您的电费多次未能按期缴纳。请尽快缴清，并在今后按期缴费。
如已缴纳，请忽略本通知。

本邮件由系统自动发送。
""",
)

EN_FIRM = Text(
    subject="Please pay now: payment reminder, account {account_no}",
    body="""\
Dear customer,

account {account_no} owes CNY {outstanding_yuan}, due on {due_on}, still open on {business_date}.
Several bills were not paid on time. Please pay this one now, and the coming ones by their day.
If you have paid in the meantime, please ignore this message.

This message was sent automatically.
""",
)

FIGURES: Mapping[str, type[int] | type[str]] = {
    "account_no": str,
    "outstanding_fen": int,
    "due_on": str,
    "business_date": str,
}

KIND = Kind(
    name=NAME,
    fact=DunningStepDue,
    earlier=(ReminderDue,),
    cause=cause,
    withdrawn_by={DunningStepWithdrawn: withdrawal},
    figures=FIGURES,
    roles=frozenset({"holder"}),
    legal_effect=True,  # supply may end 30 days later: 电力供应与使用条例 art. 39
    templates=(
        Template(
            NAME,
            1,
            date(2000, 1, 1),
            {"zh": ZH, "en": EN},
            {"gentle": {"zh": ZH_GENTLE, "en": EN_GENTLE}, "firm": {"zh": ZH_FIRM, "en": EN_FIRM}},
        ),
    ),
)
