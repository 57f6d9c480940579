"""A service point keeps its read day (抄表例日) though its customer has agreed to another one; the customer is told."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.read_days import ReadDayKept

NAME = "read_day_kept"


def cause(fact: ReadDayKept) -> Cause:
    """Tell who is supplied on the day of the decision."""
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
            "read_on": fact.read_on.isoformat(),
            "decided_on": fact.decided_on.isoformat(),
        },
    )


ZH = Text(
    subject="抄表日期维持不变 户号 {account_no}",
    body="""\
尊敬的客户：

感谢您的答复。户号 {account_no}（用电地点 {service_point_no}）的抄表日期未作变更，仍于 {read_on} 抄表。

本邮件由系统自动发送。
""",
)

EN = Text(
    subject="Your meter is read on the day as before, account {account_no}",
    body="""\
Dear customer,

thank you for your answer. The read day of account {account_no}, supply {service_point_no}, stays as it was: the meter is read on
{read_on}.

This message was sent automatically.
""",
)

KIND = Kind(
    name=NAME,
    fact=ReadDayKept,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "read_on": str,
        "decided_on": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=True,  # bills run from read day to read day: 供电营业规则
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="decided_on",
    tell_by="read_on",
)
