"""A usage was estimated. Whoever is supplied there is told, once that is known."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.reading import EstimateMade

NAME = "estimate_made"


def cause(fact: EstimateMade) -> Cause:
    """Tell who was supplied at the service point on the first day of the period."""
    return Cause(
        kind="usage",
        id=fact.usage_id,
        template=NAME,
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.cycle,
        day=fact.period_to,
        figures={
            "account_no": "",
            "service_point_no": fact.service_point_no,
            "cycle": fact.cycle,
            "period_from": fact.period_from.isoformat(),
            "period_to": fact.period_to.isoformat(),
            "energy_wh": fact.energy_wh,
            "reason": fact.reason,
        },
    )


ZH = Text(
    subject="本期用电量为估计值 {cycle} 户号 {account_no}",
    body="""\
尊敬的客户：

{reason}
户号 {account_no}，用电地点 {service_point_no}，期间 {period_from} 至 {period_to}（不含当日）
暂按前次用电量计收：{energy_kwh} 千瓦时，下次实抄后一并结清。

本邮件由系统自动发送。
""",
    words={
        "reason": {
            "remote_failure": "因远程采集异常，本期未能抄表。",
            "no_access": "因无法接近电能表，本期未能抄表。请与我们预约抄表时间。",
            "nobody_home": "抄表时无人在家，本期未能抄表。请与我们预约抄表时间。",
            "entry_refused": "因未获准入内，本期未能抄表。请与我们预约抄表时间。",
            "*": "本期未能抄到电能表示数。",
        },
    },
)

EN = Text(
    subject="Estimated reading {cycle}, account {account_no}",
    body="""\
Dear customer,

{reason}
Account {account_no}, supply {service_point_no}, {period_from} to {period_to} (that day not included)
Billed on previous usage: {energy_kwh} kWh. The next actual reading settles it.

This message was sent automatically.
""",
    words={
        "reason": {
            "remote_failure": "Your meter could not be reached remotely.",
            "no_access": "Our reader could not get to your meter. Please agree on a time with us.",
            "nobody_home": "Our reader found nobody at home. Please agree on a time with us.",
            "entry_refused": "Our reader was not let in. Please agree on a time with us.",
            "*": "Your meter could not be read.",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=EstimateMade,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "cycle": str,
        "period_from": str,
        "period_to": str,
        "energy_wh": int,
        "reason": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    joins=True,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="period_from",
    control="estimate",
    tenants_alone=True,
)
