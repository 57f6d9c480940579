"""An appointment for a read (待期补抄预约) is agreed, or is called off after that."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.reading import AppointmentChanged

NAME = "appointment"


def cause(fact: AppointmentChanged) -> Cause:
    """Tell who is supplied at the service point on the day of the change."""
    return Cause(
        kind="appointment",
        id=f"{fact.appointment_id}~{fact.state}",
        template=NAME,
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.visit_on.isoformat()[:7],
        day=fact.changed_on,
        figures={
            "account_no": "",
            "service_point_no": fact.service_point_no,
            "state": fact.state,
            "visit_on": fact.visit_on.isoformat(),
            "from_time": fact.from_time,
            "to_time": fact.to_time,
            "changed_on": fact.changed_on.isoformat(),
        },
    )


ZH = Text(
    subject="上门抄表预约 户号 {account_no}",
    body="""\
尊敬的客户：

{state}
户号 {account_no}，用电地点 {service_point_no}。

本邮件由系统自动发送。
""",
    words={
        "state": {
            "cancelled": "原定 {visit_on} {from_time} 至 {to_time} 的上门抄表已取消，需要时请与我们另约时间。",
            "*": "抄表人员将于 {visit_on} {from_time} 至 {to_time} 上门抄表，请您届时在家。",
        },
    },
)

EN = Text(
    subject="Appointment for a meter reading, account {account_no}",
    body="""\
Dear customer,

{state}
Account {account_no}, supply {service_point_no}.

This message was sent automatically.
""",
    words={
        "state": {
            "cancelled": "The meter reading on {visit_on} between {from_time} and {to_time} is called off. Ask us for another"
            " time where you need one.",
            "*": "Your meter will be read on {visit_on} between {from_time} and {to_time}; please be at home.",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=AppointmentChanged,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "state": str,
        "visit_on": str,
        "from_time": str,
        "to_time": str,
        "changed_on": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="changed_on",
    tell_by="visit_on",
)
