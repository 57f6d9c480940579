"""A bill went out."""

from datetime import date

from services.notify.leaflets.domain import Billed
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.billing import BillIssued

NAME = "bill_issued"


def cause(fact: BillIssued) -> Cause:
    """Tell an account of its bill."""
    bill = fact.bill
    return Cause(
        kind="bill",
        id=bill.bill_id,
        template=NAME,
        account_no=bill.account_no,
        service_point_no=bill.service_point_no,
        org_unit=bill.org_unit,
        cycle=bill.cycle,
        day=bill.issued_on,
        figures={
            "account_no": bill.account_no,
            "service_point_no": bill.service_point_no,
            "cycle": bill.cycle,
            "period_from": bill.period_from.isoformat(),
            "period_to": bill.period_to.isoformat(),
            "energy_wh": bill.energy_wh,
            "total_fen": bill.total_fen,
            "issued_on": bill.issued_on.isoformat(),
            "due_on": bill.due_on.isoformat(),
            "estimated": "true" if bill.estimated else "false",
        },
    )


def billed(fact: BillIssued) -> Billed:
    """Return the bill with which leaflets travel."""
    bill = fact.bill
    return Billed(
        account_no=bill.account_no,
        tariff=bill.tariff,
        period_from=bill.period_from,
        period_to=bill.period_to,
        energy_wh=bill.energy_wh,
    )


ZH_1 = Text(
    subject="电费账单 {cycle} 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no}。
用电期间：{period_from} 至 {period_to}（不含当日）
用电量：{energy_kwh} 千瓦时{estimated}
应缴电费：{total_yuan} 元
请于 {due_on} 前缴纳。

本邮件由系统自动发送。
""",
    words={
        "estimated": {
            "true": "（本期为估抄，下次实抄后一并结清）",
            "*": "",
        },
    },
)

EN_1 = Text(
    subject="Electricity bill {cycle}, account {account_no}",
    body="""\
Dear customer,

account {account_no}, supply {service_point_no}.
Period: {period_from} to {period_to} (that day not included)
Energy: {energy_kwh} kWh{estimated}
Amount due: CNY {total_yuan}
Please pay by {due_on}.

This message was sent automatically.
""",
    words={
        "estimated": {
            "true": " (estimated; the next actual reading settles it)",
            "*": "",
        },
    },
)

ZH_2 = Text(
    subject="电费账单 {cycle} 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no}。
用电期间：{period_from} 至 {period_to}（不含当日）
用电量：{energy_kwh} 千瓦时{estimated}
{total_sign}

本邮件由系统自动发送。
""",
    words={
        "estimated": {
            "true": "（本期为估抄，下次实抄后一并结清）",
            "*": "",
        },
        "total_sign": {
            "more": (
                "本期电费：{total_yuan} 元\n"
                "账户中的预存电费先行抵扣，抵扣后仍有不足的，请于 {due_on} 前缴纳不足部分；已足额抵扣的，无须缴费。"
            ),
            "less": "本期电费为负，{total_size_yuan} 元已退入您的账户，先抵扣未缴电费。本期无须缴费。",
            "*": "本期电费：{total_yuan} 元，无须缴费。",
        },
    },
)

EN_2 = Text(
    subject="Electricity bill {cycle}, account {account_no}",
    body="""\
Dear customer,

account {account_no}, supply {service_point_no}.
Period: {period_from} to {period_to} (that day not included)
Energy: {energy_kwh} kWh{estimated}
{total_sign}

This message was sent automatically.
""",
    words={
        "estimated": {
            "true": " (estimated; the next actual reading settles it)",
            "*": "",
        },
        "total_sign": {
            "more": (
                "Total of this bill: CNY {total_yuan}\n"
                "Prepayment on your account is used first. "
                "Please pay what it does not cover by {due_on}; where it covers all, nothing is to pay."
            ),
            "less": (
                "This bill is below zero: CNY {total_size_yuan} is credited to your account and settles what is open first. "
                "Nothing is to pay."
            ),
            "*": "Total of this bill: CNY {total_yuan}. Nothing is to pay.",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=BillIssued,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "cycle": str,
        "period_from": str,
        "period_to": str,
        "energy_wh": int,
        "total_fen": int,
        "issued_on": str,
        "due_on": str,
        "estimated": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    joins=True,
    tell_by="due_on",
    templates=(
        Template(NAME, 1, date(2000, 1, 1), {"zh": ZH_1, "en": EN_1}),
        Template(NAME, 2, date(2026, 1, 1), {"zh": ZH_2, "en": EN_2}),
    ),
    control="bill",
    bill=billed,
    tenants_alone=True,
)
