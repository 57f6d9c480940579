"""A doubt about usage (用电疑问) went a step on: opened, history, joint re-read, verification, ended. Each step is told once."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared import natural
from shared.events.disputes import DisputeChanged

NAME = "dispute"


def cause(fact: DisputeChanged) -> Cause:
    """Tell who is supplied at the point where its dispute stands; that its hold was renewed tells nothing new."""
    fee = "none" if fact.state != "verification" else "paid" if fact.fee_fen else "free"
    return Cause(
        kind="dispute",
        id=natural.key_id(fact.opened_on, "dispute", fact.dispute_no, fact.state),
        template=NAME,
        account_no="",
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.changed_on.isoformat()[:7],
        day=fact.changed_on,
        figures={
            "account_no": "",
            "service_point_no": fact.service_point_no,
            "dispute_no": fact.dispute_no,
            "cycles": ", ".join(fact.cycles),
            "state": fact.state,
            "opened_on": fact.opened_on.isoformat(),
            "due_on": fact.due_on.isoformat() if fact.due_on else "-",
            "visit_on": fact.visit_on.isoformat() if fact.visit_on else "-",
            "fee": fee,
            "fee_fen": fact.fee_fen,
            "ended_at": fact.ended_at or "-",
            "outcome": fact.outcome or "-",
        },
    )


ZH = Text(
    subject="用电疑问 {dispute_no} 处理进度",
    body="""\
尊敬的客户：

关于户号 {account_no}，用电地点 {service_point_no}，{cycles} 用电量的疑问（编号 {dispute_no}）：
{state}
{outcome}{fee}
本邮件由系统自动发送。
""",
    words={
        "state": {
            "opened": "已受理，将于 {due_on} 前向您说明用电历史。处理期间有疑问的账单仍可缴纳，暂不催缴。",
            "history": "用电历史已向您说明。如仍有疑问，可与我们共同复抄电能表。",
            "joint_reread": "拟于 {visit_on} 与您共同复抄电能表，请在另行发送的通知中确认。",
            "verification": "已安排校验电能表，将于 {due_on} 前完成。",
            "*": "已办结。",
        },
        "fee": {"free": "校表免费。\n", "paid": "校表费用：{fee_yuan} 元。\n", "*": ""},
        "outcome": {
            "explained": "用电量属实，已向您说明。\n",
            "confirmed": "复抄示数与抄表示数一致，用电量属实。\n",
            "read_corrected": "抄表示数有误，已更正，账单将随之更正。\n",
            "meter_within_limits": "电能表误差在允许范围内，账单不变。\n",
            "meter_beyond_limits": "电能表误差超出允许范围，差额电费以退补单另行结算。\n",
            "withdrawn": "您已撤回疑问。\n",
            "*": "",
        },
    },
)

EN = Text(
    subject="Your doubt about usage {dispute_no}: where it stands",
    body="""\
Dear customer,

your doubt about the usage of {cycles}, account {account_no}, supply {service_point_no} (number {dispute_no}):
{state}
{outcome}{fee}
This message was sent automatically.
""",
    words={
        "state": {
            "opened": (
                "It was opened. By {due_on} we show you the history of your usage. "
                "The bills in doubt can be paid meanwhile; you are not reminded of them."
            ),
            "history": "You were shown the history of your usage. If you still doubt it, we read the meter together with you.",
            "joint_reread": (
                "We propose to read the meter together with you on {visit_on}; please confirm the day in the message about it."
            ),
            "verification": "Your meter is going to be tested, by {due_on}.",
            "*": "It has ended.",
        },
        "fee": {"free": "The test is free of charge.\n", "paid": "The test costs CNY {fee_yuan}.\n", "*": ""},
        "outcome": {
            "explained": "The usage is right, as we have explained.\n",
            "confirmed": "The meter shows what was read: the usage is right.\n",
            "read_corrected": "The read was wrong and is corrected; your bill follows.\n",
            "meter_within_limits": "Your meter errs no more than it may: your bills stay.\n",
            "meter_beyond_limits": "Your meter erred more than it may: the difference is settled by a document of its own.\n",
            "withdrawn": "You have taken it back.\n",
            "*": "",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=DisputeChanged,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "dispute_no": str,
        "cycles": str,
        "state": str,
        "opened_on": str,
        "due_on": str,
        "visit_on": str,
        "fee": str,
        "fee_fen": int,
        "ended_at": str,
        "outcome": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="opened_on",
    tenants_alone=True,
    tell_by="visit_on",
)
