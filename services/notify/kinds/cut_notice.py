"""Supply is to be cut for arrears, and its customer is told (停电通知书)."""

from collections.abc import Mapping
from datetime import date

from services.notify.notices.domain.causes import Cause, Withdrawal, matter_of
from services.notify.templates.domain import Kind, Template, Text
from shared.events.cuts import CutAnnounced, CutWithdrawn

NAME = "cut_notice"
MATTER = "cut"
"""What all notices of one cut are of, by its number: no cut that was withdrawn takes place, another one has another number."""


def cause(fact: CutAnnounced) -> Cause:
    """Tell of a cut; one that is announced again has another announcement, and is told again."""
    return announced(fact, kind="cut", template=NAME)


def announced(fact: CutAnnounced, *, kind: str, template: str) -> Cause:
    """Return what tells of an announcement; its cycle is the month in which it is announced."""
    return Cause(
        kind=kind,
        id=fact.announcement_id,
        template=template,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=f"{fact.announced_on:%Y-%m}",
        day=fact.announced_on,
        figures={
            "account_no": fact.account_no,
            "service_point_no": fact.service_point_no,
            "outstanding_fen": fact.outstanding_fen,
            "due_on": fact.due_on.isoformat(),
            "announced_on": fact.announced_on.isoformat(),
            "earliest_on": fact.earliest_on.isoformat(),
        },
        matter=matter_of(MATTER, fact.cut_no),
    )


def withdrawal(fact: CutWithdrawn) -> Withdrawal:
    """Return that nobody is to be told of a cut any more."""
    return Withdrawal(matter=matter_of(MATTER, fact.cut_no), account_no=fact.account_no, reason=fact.reason)


ZH = Text(
    subject="停电通知书 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no}，截至 {announced_on} 逾期未缴电费 {outstanding_yuan} 元，
其中最早一笔应于 {due_on} 前缴纳。
经催缴仍未缴清，依照供电营业规则，我们将自 {earliest_on} 起对该用电地点停止供电。停电前三十分钟，将再次通知您。

停电前缴清的，不予停电；停电后缴清的，二十四小时内恢复供电。如一时有困难，可以申请分期；对电费有疑问的，可以先核实。
如家中有人依靠电力设备维持生命，请立即来电告知。
""",
    short=(
        "【停电通知】户号 {account_no} 用电地点 {service_point_no} 欠电费 {outstanding_yuan} 元（最早应于 {due_on} 前缴纳），"
        "将自 {earliest_on} 起停电；缴清即不停电，有困难或疑问请来电。"
    ),
)

EN = Text(
    subject="Notice that supply will be cut, account {account_no}",
    body="""\
Dear customer,

on account {account_no}, supply {service_point_no}, CNY {outstanding_yuan} is overdue on {announced_on},
the oldest part of it since {due_on}. You were reminded, and it was not paid. By the rules of supply we will cut
this supply from {earliest_on} on. You will be told again 30 minutes before.

If all is paid before, nothing is cut; if it is paid after, supply is restored within 24 hours. If paying is difficult now,
instalments can be asked for; what you doubt can be checked first.
If somebody at your home depends on a device to stay alive, please call us at once.
""",
    short=(
        "Account {account_no}, supply {service_point_no}: CNY {outstanding_yuan} is overdue (since {due_on}), supply will be cut "
        "from {earliest_on} on. It is not if you pay before. Call us if that is difficult or you doubt it."
    ),
)

FIGURES: Mapping[str, type[int] | type[str]] = {
    "account_no": str,
    "service_point_no": str,
    "outstanding_fen": int,
    "due_on": str,
    "announced_on": str,
    "earliest_on": str,
}

KIND = Kind(
    name=NAME,
    fact=CutAnnounced,
    cause=cause,
    figures=FIGURES,
    roles=frozenset({"holder", "payer", "tenant"}),
    legal_effect=True,  # 供电营业规则: who was not told is not cut
    tell_by="earliest_on",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    withdrawn_by={CutWithdrawn: withdrawal},
)
