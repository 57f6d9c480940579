"""What a meter recorded wrongly is settled by a document of its own (计量误差退补)."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.billing import AdjustmentIssued

NAME = "adjustment_issued"


def cause(fact: AdjustmentIssued) -> Cause:
    """Tell an account what it pays more or gets back, and where an earlier one is taken back."""
    return Cause(
        kind="adjustment",
        id=fact.adjustment_id,
        template=NAME,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.cycle,
        day=fact.issued_on,
        figures={
            "account_no": fact.account_no,
            "service_point_no": fact.service_point_no,
            "dispute_no": fact.dispute_no,
            "energy_wh": fact.energy_wh,
            "total_fen": fact.total_fen,
            "due_on": fact.due_on.isoformat(),
            "reverses": "true" if fact.reverses else "case" if fact.case_no else "false",
        },
    )


ZH = Text(
    subject="计量误差退补单 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no}，用电疑问 {dispute_no}：{reverses}
电量：{energy_kwh} 千瓦时
{total_sign}

本邮件由系统自动发送。
""",
    words={
        "reverses": {
            "true": "冲回此前的计量误差退补。",
            "case": "按现场核查结果退补电费。",
            "*": "按电能表校验结果退补电费。",
        },
        "total_sign": {
            "more": "补收 {total_size_yuan} 元。预存电费先行抵扣，仍有不足的，请于 {due_on} 前缴纳不足部分。",
            "less": "退还 {total_size_yuan} 元，已退入您的账户，先抵扣未缴电费。",
            "*": "金额不变。",
        },
    },
)

EN = Text(
    subject="Adjustment for your meter, account {account_no}",
    body="""\
Dear customer,

account {account_no}, supply {service_point_no}, doubt {dispute_no}: {reverses}
Energy: {energy_kwh} kWh
{total_sign}

This message was sent automatically.
""",
    words={
        "reverses": {
            "true": "an earlier adjustment for your meter is taken back.",
            "case": "what was recorded wrongly, as was found on site, is settled.",
            "*": "what your meter recorded wrongly is settled.",
        },
        "total_sign": {
            "more": (
                "CNY {total_size_yuan} is charged. Prepayment on your account is used first; "
                "please pay what it does not cover by {due_on}."
            ),
            "less": "CNY {total_size_yuan} is credited to your account and settles what is open first.",
            "*": "The amount does not change.",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=AdjustmentIssued,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "dispute_no": str,
        "energy_wh": int,
        "total_fen": int,
        "due_on": str,
        "reverses": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    joins=True,
    tell_by="due_on",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    tenants_alone=True,
)
