"""Somebody is to come to a service point on a day of its own; whoever is supplied there is asked whether that suits."""

from datetime import date

from services.notify.notices.domain import causes
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import ASKING, HOW_TO_ANSWER, Kind, Template, Text
from shared.events.reading import VisitProposed

NAME = "visit"


def cause(fact: VisitProposed) -> Cause:
    """Ask whether the visit suits; `times` says which of its ends are agreed."""
    ends = {"from": fact.from_time, "to": fact.to_time}
    return causes.question(
        fact,
        template=NAME,
        figures={
            "purpose": fact.purpose,
            "visit_on": fact.visit_on.isoformat(),
            "times": "_".join(name for name, end in ends.items() if end is not None),
            "from_time": fact.from_time or "",
            "to_time": fact.to_time or "",
        },
    )


ZH = Text(
    subject="{asked}上门时间征询 户号 {account_no}",
    body="""\
尊敬的客户：

{purpose}
户号：{account_no}，用电地点：{service_point_no}
时间：{visit_on}{times}

{answering}
""",
    words={
        "asked": {"again": "【再次提醒】", "*": ""},
        "purpose": {
            "one_off_read": "本期抄表拟单次调整至以下日期，抄表例日不变。",
            "appointment": "此前未能抄到您的电能表示数，我们拟于以下时间上门补抄，请留人在场。",
            "joint_reread": "针对您对电量的疑问，我们拟于以下时间上门，与您共同核对电能表示数，请留人在场。",
            "*": "我们拟于以下时间上门。",
        },
        "times": {
            "from_to": " {from_time} 至 {to_time}",
            "from": " {from_time} 以后",
            "to": " {to_time} 以前",
            "*": "",
        },
        "answering": HOW_TO_ANSWER["zh"],
        "answer": {"yes": "时间合适", "no": "时间不合适", "*": "{answer}"},
    },
)

EN = Text(
    subject="{asked}Does this visit suit you? Account {account_no}",
    body="""\
Dear customer,

{purpose}
Account {account_no}, supply {service_point_no}
When: {visit_on}{times}

{answering}
""",
    words={
        "asked": {"again": "Reminder: ", "*": ""},
        "purpose": {
            "one_off_read": "we would like to read your meter on the day below, this once; your usual read day does not change.",
            "appointment": "your meter could not be read. We would like to come and read it; somebody has to be there.",
            "joint_reread": (
                "you doubt what your meter measured. We would like to read it together with you; somebody has to be there."
            ),
            "*": "we would like to come to you.",
        },
        "times": {
            "from_to": ", {from_time} to {to_time}",
            "from": ", from {from_time} on",
            "to": ", before {to_time}",
            "*": "",
        },
        "answering": HOW_TO_ANSWER["en"],
        "answer": {"yes": "It suits me", "no": "It does not suit me", "*": "{answer}"},
    },
)

KIND = Kind(
    name=NAME,
    fact=VisitProposed,
    cause=cause,
    figures={**ASKING, "purpose": str, "visit_on": str, "times": str, "from_time": str, "to_time": str},
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="asked_on",
)
