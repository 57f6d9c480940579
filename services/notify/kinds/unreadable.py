"""A meter could not be read for months in a row because of the customer (连续多月不能抄表): supply may end."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.reading import PointUnreadable

NAME = "unreadable"


def cause(fact: PointUnreadable) -> Cause:
    """Tell who was supplied at the service point on the last read date."""
    return Cause(
        kind="unreadable",
        id=f"{fact.service_point_no}~{fact.read_date}",
        template=NAME,
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.cycle,
        day=fact.read_date,
        figures={
            "account_no": "",
            "service_point_no": fact.service_point_no,
            "months": fact.months,
            "since": fact.since.isoformat(),
            "read_date": fact.read_date.isoformat(),
        },
    )


ZH = Text(
    subject="电能表连续 {months} 个月未能抄录 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no} 的电能表自 {since} 起连续 {months} 个月因您方原因未能抄录，电费一直按估计电量计收。
请尽快与我们预约抄表时间。依照供电营业规则，继续不能抄表的，供电企业可以中止供电。

本邮件由系统自动发送。
""",
)

EN = Text(
    subject="Your meter could not be read for {months} months, account {account_no}",
    body="""\
Dear customer,

since {since} the meter of account {account_no}, supply {service_point_no}, could not be read for {months} months in a row because
nobody let us in; your bills rest on estimates. Please agree on a time with us soon. By the rules of supply it may end where a
meter stays unreadable.

This message was sent automatically.
""",
)

KIND = Kind(
    name=NAME,
    fact=PointUnreadable,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "months": int,
        "since": str,
        "read_date": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=True,  # 供电营业规则: after six months in a row the customer is notified, and supply may end
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="read_date",
)
