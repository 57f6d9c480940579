"""Supply is about to be cut, and its customer is told again (停电前再次通知)."""

from datetime import date

from services.notify.kinds.cut_notice import MATTER, withdrawal
from services.notify.notices.domain.causes import Cause, matter_of
from services.notify.templates.domain import Kind, Template, Text
from shared.events.cuts import CutImminent, CutWithdrawn

NAME = "cut_imminent"


def cause(fact: CutImminent) -> Cause:
    """Tell when supply is cut; from that instant on it is told no more."""
    return Cause(
        kind="cut_imminent",
        id=fact.imminent_id,
        template=NAME,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=f"{fact.told_on:%Y-%m}",
        day=fact.told_on,
        figures={
            "account_no": fact.account_no,
            "service_point_no": fact.service_point_no,
            "outstanding_fen": fact.outstanding_fen,
            "not_before_instant": fact.not_before.isoformat(),
        },
        matter=matter_of(MATTER, fact.cut_no),
    )


ZH = Text(
    subject="即将停电 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no} 尚欠逾期电费 {outstanding_yuan} 元。
我们将于 {not_before_local} 后对该用电地点停止供电，请妥善安排用电。现在缴清，不予停电；停电后缴清的，二十四小时内恢复供电。
""",
    short=(
        "【即将停电】户号 {account_no} 用电地点 {service_point_no} 欠电费 {outstanding_yuan} 元，将于 {not_before_local} 后停电；"
        "现在缴清即不停电。"
    ),
)

EN = Text(
    subject="Supply will be cut soon, account {account_no}",
    body="""\
Dear customer,

on account {account_no}, supply {service_point_no}, CNY {outstanding_yuan} is still overdue.
This supply will be cut after {not_before_local}. Please prepare for it.
If you pay now, nothing is cut; if you pay later, supply is restored within 24 hours.
""",
    short=(
        "Account {account_no}, supply {service_point_no}: CNY {outstanding_yuan} is overdue, supply will be cut after "
        "{not_before_local}. If you pay now, it is not."
    ),
)

KIND = Kind(
    name=NAME,
    fact=CutImminent,
    cause=cause,
    figures={
        "account_no": str,
        "service_point_no": str,
        "outstanding_fen": int,
        "not_before_instant": str,
    },
    roles=frozenset({"holder", "payer", "tenant"}),
    legal_effect=True,  # 供电营业规则: told again thirty minutes before
    until="not_before_instant",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    withdrawn_by={CutWithdrawn: withdrawal},
)
