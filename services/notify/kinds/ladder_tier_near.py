"""The next tier of a ladder by year (年阶梯) is near, or reached."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.billing import LadderTierNear

NAME = "ladder_tier_near"


def cause(fact: LadderTierNear) -> Cause:
    """Tell an account by the bill that shows it; a bill tells of one tier at most."""
    return Cause(
        kind="bill",
        id=fact.bill_id,
        template=NAME,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.cycle,
        day=fact.told_on,
        figures={
            "account_no": fact.account_no,
            "service_point_no": fact.service_point_no,
            "cycle": fact.cycle,
            "year": str(fact.year),
            "tier": str(fact.tier),
            "used_wh": fact.used_wh,
            "limit_wh": fact.limit_wh,
            "reached": "true" if fact.reached else "false",
        },
    )


ZH = Text(
    subject="阶梯电价提醒 用电地点 {service_point_no}",
    body="""\
尊敬的客户：

用电地点 {service_point_no}（户号 {account_no}），截至 {cycle} 账单，{year} 年累计用电 {used_kwh} 千瓦时。
{reached}

本邮件由系统自动发送。
""",
    words={
        "reached": {
            "true": "已超过 {limit_kwh} 千瓦时，超出部分按第 {tier} 档电价计费。",
            "*": "接近第 {tier} 档：超过 {limit_kwh} 千瓦时的部分按第 {tier} 档电价计费。",
        },
    },
)

EN = Text(
    subject="Electricity price tiers, supply {service_point_no}",
    body="""\
Dear customer,

supply {service_point_no} (account {account_no}) has used {used_kwh} kWh in {year}, as of the bill of {cycle}.
{reached}

This message was sent automatically.
""",
    words={
        "reached": {
            "true": "That is more than {limit_kwh} kWh: what goes beyond is billed at the price of tier {tier}.",
            "*": "Tier {tier} is near: what goes beyond {limit_kwh} kWh is billed at its price.",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=LadderTierNear,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "cycle": str,
        "year": str,
        "tier": str,
        "used_wh": int,
        "limit_wh": int,
        "reached": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
)
