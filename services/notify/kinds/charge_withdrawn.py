"""A charge of a case is taken back."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.billing import ChargeWithdrawn

NAME = "charge_withdrawn"


def cause(fact: ChargeWithdrawn) -> Cause:
    """Tell an account that it does not owe a charge any more, and that what it has paid of it is its own."""
    charge = fact.charge
    return Cause(
        kind="charge",
        id=charge.charge_no,
        template=NAME,
        account_no=charge.account_no,
        service_point_no=charge.service_point_no,
        org_unit=charge.org_unit,
        cycle=f"{fact.withdrawn_on:%Y-%m}",
        day=fact.withdrawn_on,
        figures={
            "account_no": charge.account_no,
            "case_no": charge.case_no,
            "charge_no": charge.charge_no,
            "component": charge.component,
            "amount_fen": charge.amount_fen,
            "withdrawn_on": fact.withdrawn_on.isoformat(),
        },
    )


ZH = Text(
    subject="{component}撤销通知 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，案件 {case_no}：{component} {amount_yuan} 元（单号 {charge_no}）已于 {withdrawn_on} 撤销，无需缴纳。
已缴部分退入您的账户，先抵扣未缴电费。

本邮件由系统自动发送。
""",
    words={"component": {"back_billing": "追补电费", "penalty": "违约使用电费", "*": "费用"}},
)

EN = Text(
    subject="A charge for account {account_no} was taken back",
    body="""\
Dear customer,

account {account_no}, case {case_no}: {component} CNY {amount_yuan} (document {charge_no}) was taken back
on {withdrawn_on} and is not to be paid. What you have paid of it is on your account and settles what is open first.

This message was sent automatically.
""",
    words={
        "component": {
            "back_billing": "electricity that was not billed,",
            "penalty": "the penalty for use in breach of contract,",
            "*": "a charge of",
        }
    },
)

KIND = Kind(
    name=NAME,
    fact=ChargeWithdrawn,
    cause=cause,
    figures={
        "account_no": str,
        "case_no": str,
        "charge_no": str,
        "component": str,
        "amount_fen": int,
        "withdrawn_on": str,
    },
    roles=frozenset({"holder"}),
    legal_effect=False,
    joins=True,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    tenants_alone=True,
)
