"""Collection reminds of a debt (催缴)."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.collection import ReminderDue

NAME = "reminder"


def cause(fact: ReminderDue) -> Cause:
    """Remind an account; the cycle of a reminder is the month of its business date."""
    return Cause(
        kind="reminder",
        id=fact.reminder_id,
        template=NAME,
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
        },
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

KIND = Kind(
    name=NAME,
    fact=ReminderDue,
    cause=cause,
    figures={
        "account_no": str,
        "outstanding_fen": int,
        "due_on": str,
        "business_date": str,
    },
    roles=frozenset({"holder"}),
    legal_effect=True,  # supply may end 30 days later: 电力供应与使用条例 art. 39
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
)
