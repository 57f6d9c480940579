"""What was settled late is charged for (电费违约金)."""

from datetime import date

from services.notify.notices.domain.causes import Cause, Withdrawal, matter_of
from services.notify.templates.domain import Kind, Template, Text
from shared.events.late_fees import LateFeeCharged, LateFeeWithdrawn

NAME = "late_fee_charged"


def cause(fact: LateFeeCharged) -> Cause:
    """Tell an account what it is charged for having settled late, and by when that is to be paid."""
    return Cause(
        kind="late_fee",
        id=fact.late_fee_id,
        template=NAME,
        account_no=fact.account_no,
        service_point_no="",
        org_unit=fact.org_unit,
        cycle=f"{fact.issued_on:%Y-%m}",
        day=fact.issued_on,
        figures={
            "account_no": fact.account_no,
            "amount_fen": fact.amount_fen,
            "settled_on": fact.settled_on.isoformat(),
            "due_on": fact.due_on.isoformat(),
        },
        matter=matter_of("late_fee", fact.late_fee_id),
    )


def withdrawal(fact: LateFeeWithdrawn) -> Withdrawal:
    """Return that nobody is to be told of a late fee any more."""
    matter = matter_of("late_fee", fact.late_fee_id)
    return Withdrawal(matter=matter, account_no=fact.account_no, reason="late_fee_withdrawn")


ZH = Text(
    subject="电费违约金通知 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no} 的逾期电费已于 {settled_on} 结清。按供用电合同，逾期期间的电费违约金为 {amount_yuan} 元，请于 {due_on} 前缴纳。
对违约金有疑问的，请来电。

本邮件由系统自动发送。
""",
)

EN = Text(
    subject="Late fee, account {account_no}",
    body="""\
Dear customer,

what was overdue on account {account_no} was settled on {settled_on}.
By your contract the late fee for the days before is CNY {amount_yuan}. Please pay it by {due_on}.
If you doubt it, please call us.

This message was sent automatically.
""",
)

KIND = Kind(
    name=NAME,
    fact=LateFeeCharged,
    cause=cause,
    figures={"account_no": str, "amount_fen": int, "settled_on": str, "due_on": str},
    roles=frozenset({"holder", "tenant"}),  # as of bills
    legal_effect=False,
    joins=True,
    tell_by="due_on",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    tenants_alone=True,
    withdrawn_by={LateFeeWithdrawn: withdrawal},
)
