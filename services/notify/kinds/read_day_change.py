"""Another read day (抄表例日) is proposed for a service point; whoever is supplied there is asked."""

from datetime import date

from services.notify.notices.domain import causes
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import ASKING, HOW_TO_ANSWER, Kind, Template, Text
from shared.events.read_days import ReadDayChangeProposed

NAME = "read_day_change"


def cause(fact: ReadDayChangeProposed) -> Cause:
    """Ask whether the service point may be read on another day from a cycle on."""
    return causes.question(
        fact,
        template=NAME,
        figures={
            "read_day": fact.read_day,
            "months": fact.months,
            "from_cycle": fact.from_cycle,
            "now_on": fact.now_on.isoformat(),
            "first_on": fact.first_on.isoformat(),
        },
    )


ZH = Text(
    subject="{asked}抄表例日变更征询 户号 {account_no}",
    body="""\
尊敬的客户：

我们拟自 {from_cycle} 电费月份起，将户号 {account_no}（用电地点 {service_point_no}）的抄表例日变更为{months}{read_day}。
按现行例日，该期抄表日为 {now_on}；变更后，首次抄表日为 {first_on}。
未经您确认，抄表例日不变。

{answering}
""",
    words={
        "asked": {"again": "【再次提醒】", "*": ""},
        "months": {"1": "每月", "*": "每 {months} 个月的"},
        "read_day": {
            "29": " 29 日（当月无此日的，为当月最后一日）",
            "30": " 30 日（当月无此日的，为当月最后一日）",
            "31": "最后一日",
            "*": " {read_day} 日",
        },
        "answering": HOW_TO_ANSWER["zh"],
        "answer": {"yes": "同意变更", "no": "不同意，维持现行抄表例日", "*": "{answer}"},
    },
)

EN = Text(
    subject="{asked}May we read your meter on another day? Account {account_no}",
    body="""\
Dear customer,

we would like to read the meter of account {account_no}, supply {service_point_no}, {months}{read_day}, from {from_cycle} on.
As things are it would be read on {now_on}; on the new day it is first read on {first_on}.
Without your consent the day stays as it is.

{answering}
""",
    words={
        "asked": {"again": "Reminder: ", "*": ""},
        "months": {"1": "each month ", "*": "every {months} months "},
        "read_day": {
            "29": "on day 29, or the last day of a shorter month",
            "30": "on day 30, or the last day of a shorter month",
            "31": "on its last day",
            "*": "on day {read_day}",
        },
        "answering": HOW_TO_ANSWER["en"],
        "answer": {"yes": "I agree to the new day", "no": "I do not agree, the day shall stay", "*": "{answer}"},
    },
)

KIND = Kind(
    name=NAME,
    fact=ReadDayChangeProposed,
    cause=cause,
    figures={**ASKING, "read_day": int, "months": int, "from_cycle": str, "now_on": str, "first_on": str},
    roles=frozenset({"holder"}),
    legal_effect=True,  # without notice and consent the read day does not change: 供电营业规则
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="asked_on",
)
