"""Supply was restored (已复电)."""

from datetime import date

from services.notify.kinds.supply_cut import FIGURES, switched
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.supply import SupplySwitched

NAME = "supply_restored"


def cause(fact: SupplySwitched) -> Cause | None:
    """Tell that supply is there again."""
    return switched(fact, template=NAME) if fact.action == "restore" else None


ZH = Text(
    subject="已恢复供电 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no} 已于 {switched_local} 恢复供电。如仍无电，请检查您的开关，或来电报修。
""",
)

EN = Text(
    subject="Your supply is restored, account {account_no}",
    body="""\
Dear customer,

supply {service_point_no} (account {account_no}) was restored on {switched_local}. If there is still no electricity, please
check your own switch, or call us.
""",
)

KIND = Kind(
    name=NAME,
    fact=SupplySwitched,
    cause=cause,
    figures=FIGURES,
    roles=frozenset({"holder", "payer", "tenant"}),
    legal_effect=False,
    tell_by="tell_by",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    happened="switched_instant",
)
