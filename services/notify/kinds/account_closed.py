"""An account was closed (销户): its last bill is settled, and its customer is told what is given back."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.closings import AccountClosed

NAME = "account_closed"


def cause(fact: AccountClosed) -> Cause:
    """Tell the account that it is closed."""
    return Cause(
        kind="closing",
        id=fact.closing_no,
        template=NAME,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=fact.closed_on.isoformat()[:7],
        day=fact.ended_on,  # whoever was supplied until then is told
        figures={
            "account_no": fact.account_no,
            "service_point_no": fact.service_point_no,
            "ended_on": fact.ended_on.isoformat(),
            "paid_out_fen": fact.paid_out_fen,
            "kept_fen": fact.kept_fen,
        },
    )


ZH = Text(
    subject="销户通知 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no} 已于 {ended_on} 终止用电，电费已结清并销户。{paid_out_sign}{kept_sign}
再用电时，请办理新装用电。

本邮件由系统自动发送。
""",
    words={
        "paid_out_sign": {"more": "余额 {paid_out_size_yuan} 元将予退还。", "*": ""},
        "kept_sign": {"more": "余额 {kept_size_yuan} 元暂不退还，请与我们联系。", "*": ""},
    },
)

EN = Text(
    subject="Your account {account_no} is closed",
    body="""\
Dear customer,

supply {service_point_no} of account {account_no} has ended on {ended_on}; all bills are settled and the account is closed.
{paid_out_sign}{kept_sign}
To use it again, please apply for a new connection.

This message was sent automatically.
""",
    words={
        "paid_out_sign": {"more": "CNY {paid_out_size_yuan} is given back to you. ", "*": ""},
        "kept_sign": {"more": "CNY {kept_size_yuan} is not given back for now; please call us. ", "*": ""},
    },
)

KIND = Kind(
    name=NAME,
    fact=AccountClosed,
    cause=cause,
    figures={"account_no": str, "service_point_no": str, "ended_on": str, "paid_out_fen": int, "kept_fen": int},
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
)
