"""A service point has its first meter that is read remotely (智能电表): what that means, explained at home where it must be."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.meters import FirstRemoteMeterFitted

NAME = "first_remote_meter"


def cause(fact: FirstRemoteMeterFitted) -> Cause:
    """Tell who is supplied on the day on which it was found; a point is told once."""
    return Cause(
        kind="service_point",
        id=fact.service_point_no,
        template=NAME,
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.told_on.isoformat()[:7],
        day=fact.told_on,
        figures={
            "account_no": "",
            "service_point_no": fact.service_point_no,
            "fitted_on": fact.fitted_on.isoformat(),
            "told_on": fact.told_on.isoformat(),
        },
    )


ZH = Text(
    subject="您已换装智能电能表 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}（用电地点 {service_point_no}）于 {fitted_on} 换装了智能电能表。
今后电能表由系统远程抄读，抄表员不再每月上门；电费的计算方法和交费方式不变。
表上屏幕轮流显示累计电量。停电后电能表会自动恢复，无需您操作。
如对电量有疑问，请来电或到营业厅，我们可以上门与您一起核对。

本邮件由系统自动发送。
""",
    short="户号 {account_no} 已换装智能电能表，今后远程抄表，不再每月上门；电费计算和交费方式不变。有疑问请来电。",
)

EN = Text(
    subject="You have a smart meter now, account {account_no}",
    body="""\
Dear customer,

account {account_no}, supply {service_point_no}, has had a smart meter since {fitted_on}.
It is read remotely: nobody comes each month any more. How your bill is calculated and paid stays as it was.
Its display shows in turn what was counted. After an outage it comes back by itself; you need to do nothing.
If you doubt what it shows, call us or come to our office: we can come and look at it together with you.

This message was sent automatically.
""",
    short="Account {account_no} has a smart meter now: read remotely, no monthly visit. Bills stay the same. Questions? Call us.",
)

KIND = Kind(
    name=NAME,
    fact=FirstRemoteMeterFitted,
    cause=cause,
    figures={"account_no": str, "service_point_no": str, "fitted_on": str, "told_on": str},
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="told_on",
)
