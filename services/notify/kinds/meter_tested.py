"""The meter of a dispute was tested (校表结果)."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared import natural
from shared.events.disputes import MeterTested

NAME = "meter_tested"


def cause(fact: MeterTested) -> Cause:
    """Tell who is supplied at the point what the test showed; of another result under the same dispute that too."""
    return Cause(
        kind="meter_test",
        id=natural.key_id(fact.tested_on, "meter_test", fact.dispute_no, fact.version),
        template=NAME,
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.decided_on.isoformat()[:7],
        day=fact.decided_on,
        figures={
            "account_no": "",
            "service_point_no": fact.service_point_no,
            "dispute_no": fact.dispute_no,
            "meter_no": fact.meter_no,
            "tested_on": fact.tested_on.isoformat(),
            "error_percent": fact.error_percent,
            "accuracy_class": fact.accuracy_class,
            "within_limits": "true" if fact.within_limits else "false",
        },
    )


ZH = Text(
    subject="电能表校验结果 {meter_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no} 的电能表 {meter_no} 已于 {tested_on} 校验。
准确度等级 {accuracy_class}，误差 {error_percent}%。
{within_limits}

本邮件由系统自动发送。
""",
    words={
        "within_limits": {
            "true": "误差在允许范围内，账单不变。",
            "*": "误差超出允许范围，差额电费将以退补单结算。",
        },
    },
)

EN = Text(
    subject="What the test of your meter {meter_no} showed",
    body="""\
Dear customer,

the meter {meter_no} of account {account_no}, supply {service_point_no}, was tested on {tested_on}:
its accuracy class is {accuracy_class}, its error is {error_percent} %.
{within_limits}

This message was sent automatically.
""",
    words={
        "within_limits": {
            "true": "That is no more than it may be: your bills stay.",
            "*": "That is more than it may be: the difference is settled by a document of its own.",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=MeterTested,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "dispute_no": str,
        "meter_no": str,
        "tested_on": str,
        "error_percent": str,
        "accuracy_class": str,
        "within_limits": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    joins=True,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="tested_on",
    tenants_alone=True,
)
