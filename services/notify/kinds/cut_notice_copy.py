"""An important customer is to be cut: the authority that oversees it gets a copy of the notice (报送主管部门)."""

from datetime import date

from services.notify.kinds.cut_notice import FIGURES, announced, withdrawal
from services.notify.notices.domain.causes import Cause
from services.notify.policies.domain import AUTHORITY
from services.notify.templates.domain import Kind, Template, Text
from shared.events.cuts import CutAnnounced, CutWithdrawn

NAME = "cut_notice_copy"


def cause(fact: CutAnnounced) -> Cause | None:
    """Tell the authority where it gets a copy. What becomes of a copy is no proof that the customer was told."""
    return announced(fact, kind="cut_copy", template=NAME) if fact.copy_to_authority else None


ZH = Text(
    subject="重要用户停电报送 户号 {account_no}",
    body="""\
主管部门：

重要用户户号 {account_no}，用电地点 {service_point_no}，截至 {announced_on} 逾期未缴电费 {outstanding_yuan} 元，
其中最早一笔应于 {due_on} 前缴纳。
我们已于 {announced_on} 发出停电通知书，拟自 {earliest_on} 起对该用电地点停止供电，特此报送。
""",
)

EN = Text(
    subject="Copy of a notice that supply will be cut, account {account_no}",
    body="""\
To the authority,

on the important account {account_no}, supply {service_point_no}, CNY {outstanding_yuan} is overdue on {announced_on},
the oldest part of it since {due_on}. The customer was sent a notice on {announced_on} that this supply will be cut from
{earliest_on} on. This is the copy.
""",
)

KIND = Kind(
    name=NAME,
    fact=CutAnnounced,
    cause=cause,
    figures=FIGURES,
    roles=frozenset({AUTHORITY}),
    legal_effect=False,
    tell_by="earliest_on",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    withdrawn_by={CutWithdrawn: withdrawal},
)
