"""Supply that nobody has used for months is announced to end (销户公示); whoever is supplied there is told and may object."""

from datetime import date

from services.notify.notices.domain import causes
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import ASKING, HOW_TO_ANSWER, Kind, Template, Text
from shared.events.closings import ClosingAnnounced

NAME = "closing_announced"


def cause(fact: ClosingAnnounced) -> Cause:
    """Tell that the supply is to end, and ask whether its customer objects."""
    return causes.question(fact, template=NAME, figures={"since": fact.since.isoformat()})


ZH = Text(
    subject="{asked}拟销户公示 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no} 自 {since} 起一直未用电。依照供电营业规则，连续六个月不用电也不办理暂停的，供电企业
可以销户终止其用电；再用电时按新装用电办理。
您在 {answer_by} 当日或之前提出异议，或者恢复用电的，不予销户。

{answering}
""",
    words={
        "asked": {"again": "【再次提醒】", "*": ""},
        "answering": HOW_TO_ANSWER["zh"],
        "answer": {"object": "我有异议，请保留用电", "agree": "同意销户", "*": "{answer}"},
    },
)

EN = Text(
    subject="{asked}Your supply is to end, account {account_no}",
    body="""\
Dear customer,

nothing has been used since {since} on account {account_no}, supply {service_point_no}. By the rules of supply, what is not
used for six months and was not suspended may be closed; to use it again then needs a new connection.
It is not closed if you object by {answer_by}, that day included, or use it again.

{answering}
""",
    words={
        "asked": {"again": "Reminder: ", "*": ""},
        "answering": HOW_TO_ANSWER["en"],
        "answer": {"object": "I object, keep my supply", "agree": "I agree that it is closed", "*": "{answer}"},
    },
)

KIND = Kind(
    name=NAME,
    fact=ClosingAnnounced,
    cause=cause,
    figures={**ASKING, "since": str},
    roles=frozenset({"holder", "tenant"}),
    legal_effect=True,  # 供电营业规则: a month of notice comes before supply ends; who was not told is not closed
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="asked_on",
    overruling=frozenset({"object"}),  # whenever and however it comes; billing lists what comes after the last day
)
