"""A payment was taken back."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.collection import PaymentReversed

NAME = "payment_reversed"


def cause(fact: PaymentReversed) -> Cause:
    """Tell an account that money was taken back, and what it owes now: a reminder may never come again."""
    return Cause(
        kind="payment",
        id=fact.payment_id,
        template=NAME,
        account_no=fact.account_no,
        service_point_no="",
        org_unit=fact.org_unit,
        cycle=fact.reversed_on.isoformat()[:7],
        day=fact.reversed_on,
        figures={
            "account_no": fact.account_no,
            "amount_fen": fact.amount_fen,
            "received_on": fact.received_on.isoformat(),
            "reversed_on": fact.reversed_on.isoformat(),
            "outstanding_fen": fact.outstanding_fen,
        },
    )


ZH = Text(
    subject="缴费冲正通知 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no} 于 {received_on} 缴纳的 {amount_yuan} 元已于 {reversed_on} 冲正（款项退回或误记）。
冲正后尚欠电费 {outstanding_yuan} 元。

本邮件由系统自动发送。
""",
)

EN = Text(
    subject="Payment taken back, account {account_no}",
    body="""\
Dear customer,

the payment of CNY {amount_yuan} of {received_on} for account {account_no} was taken back on {reversed_on}:
it was returned, or posted by mistake. The account now owes CNY {outstanding_yuan}.

This message was sent automatically.
""",
)

KIND = Kind(
    name=NAME,
    fact=PaymentReversed,
    cause=cause,
    figures={
        "account_no": str,
        "amount_fen": int,
        "received_on": str,
        "reversed_on": str,
        "outstanding_fen": int,
    },
    roles=frozenset({"holder"}),
    legal_effect=False,
    joins=True,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    tenants_alone=True,
)
