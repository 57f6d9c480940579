"""What a case charges: back-billing or penalty, a document of its own (追补电费, 违约使用电费)."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.billing import ChargeIssued

NAME = "charge_issued"


def cause(fact: ChargeIssued) -> Cause:
    """Tell an account what it is charged, why, and by when it is to be paid."""
    charge = fact.charge
    return Cause(
        kind="charge",
        id=charge.charge_no,
        template=NAME,
        account_no=charge.account_no,
        service_point_no=charge.service_point_no,
        org_unit=charge.org_unit,
        cycle=charge.cycle,
        day=charge.issued_on,
        figures={
            "account_no": charge.account_no,
            "service_point_no": charge.service_point_no,
            "case_no": charge.case_no,
            "charge_no": charge.charge_no,
            "component": charge.component,
            "amount_fen": charge.amount_fen,
            "due_on": charge.due_on.isoformat(),
        },
    )


ZH = Text(
    subject="{component}通知 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no}，案件 {case_no}：
{component} {amount_yuan} 元，单号 {charge_no}，请于 {due_on} 前缴纳。

如有异议，请向供电单位提出，异议处理期间不催缴。

本邮件由系统自动发送。
""",
    words={"component": {"back_billing": "追补电费", "penalty": "违约使用电费", "*": "费用"}},
)

EN = Text(
    subject="A charge for account {account_no}",
    body="""\
Dear customer,

account {account_no}, supply {service_point_no}, case {case_no}: {component} CNY {amount_yuan}
(document {charge_no}). Please pay it by {due_on}.

If you object, tell your utility: nobody reminds you of it while it is looked into.

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
    fact=ChargeIssued,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "case_no": str,
        "charge_no": str,
        "component": str,
        "amount_fen": int,
        "due_on": str,
    },
    roles=frozenset({"holder"}),
    legal_effect=False,
    tell_by="due_on",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    tenants_alone=True,
)
