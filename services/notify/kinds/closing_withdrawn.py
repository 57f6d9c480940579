"""A closing that was announced is withdrawn (撤销销户): supply goes on, and its customer is told."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.closings import ClosingWithdrawn

NAME = "closing_withdrawn"
CONTRACT_ENDED = "contract_ended"


def cause(fact: ClosingWithdrawn) -> Cause | None:
    """Tell the account whose closing was announced; of one that was not nobody knows. Where the contract has ended by other
    means no supply goes on, and there is nothing to tell.
    """
    if fact.announced_on is None or fact.code == CONTRACT_ENDED:
        return None
    return Cause(
        kind="closing",
        id=fact.closing_no,
        template=NAME,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.withdrawn_on.isoformat()[:7],
        day=fact.withdrawn_on,
        figures={
            "account_no": fact.account_no,
            "service_point_no": fact.service_point_no,
            "code": fact.code,
            "announced_on": fact.announced_on.isoformat(),
        },
    )


ZH = Text(
    subject="不予销户 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no} 于 {announced_on} 公示的销户已撤销，继续供电。{code}

本邮件由系统自动发送。
""",
    words={"code": {"objected": "我们已收到您的异议。", "used": "该处已恢复用电。", "*": ""}},
)

EN = Text(
    subject="Your supply goes on, account {account_no}",
    body="""\
Dear customer,

the closing of account {account_no}, supply {service_point_no}, that was announced on {announced_on} is withdrawn: your supply
goes on. {code}

This message was sent automatically.
""",
    words={"code": {"objected": "We have received your objection.", "used": "It is used again.", "*": ""}},
)

KIND = Kind(
    name=NAME,
    fact=ClosingWithdrawn,
    cause=cause,
    figures={"account_no": str, "service_point_no": str, "code": str, "announced_on": str},
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
)
