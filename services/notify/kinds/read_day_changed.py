"""A service point is read on another day (抄表例日), from a cycle on or once; whoever is supplied there is told."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.read_days import ReadDayChanged

NAME = "read_day_changed"


def cause(fact: ReadDayChanged) -> Cause:
    """Tell who is supplied on the day of the decision; `once` says that it is a single visit."""
    return Cause(
        kind="question",
        id=fact.question_id,
        template=NAME,
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.decided_on.isoformat()[:7],
        day=fact.decided_on,
        figures={
            "account_no": "",
            "service_point_no": fact.service_point_no,
            "once": "false" if fact.visit_on is None else "true",
            "read_day": fact.read_day,
            "months": fact.months,
            "from_cycle": fact.from_cycle,
            "first_on": fact.first_on.isoformat(),
            "decided_on": fact.decided_on.isoformat(),
        },
    )


ZH = Text(
    subject="抄表日期变更通知 户号 {account_no}",
    body="""\
尊敬的客户：

经您确认，户号 {account_no}（用电地点 {service_point_no}）的抄表日期变更如下。
{once}

本邮件由系统自动发送。
""",
    words={
        "once": {
            "true": "{from_cycle} 电费月份的抄表日单次调整为 {first_on}，抄表例日不变。",
            "*": "自 {from_cycle} 电费月份起按新的抄表例日抄表，首次抄表日为 {first_on}。",
        },
    },
)

EN = Text(
    subject="Your meter is read on another day, account {account_no}",
    body="""\
Dear customer,

as you have agreed, the meter of account {account_no}, supply {service_point_no}, is read on another day.
{once}

This message was sent automatically.
""",
    words={
        "once": {
            "true": "For {from_cycle} it is read on {first_on}, this once; your usual read day does not change.",
            "*": "From {from_cycle} on it is read on the new day, first on {first_on}.",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=ReadDayChanged,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "once": str,
        "read_day": int,
        "months": int,
        "from_cycle": str,
        "first_on": str,
        "decided_on": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=True,  # bills run from read day to read day: 供电营业规则
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="decided_on",
    tell_by="first_on",
)
