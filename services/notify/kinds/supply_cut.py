"""Supply was cut (已停电): what happened, and how it is restored."""

from collections.abc import Mapping
from datetime import date, timedelta

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.supply import SupplySwitched

NAME = "supply_cut"


def cause(fact: SupplySwitched) -> Cause | None:
    """Tell that supply was cut; of one that should not have been cut any more, that it is restored without a payment."""
    return switched(fact, template=NAME) if fact.action == "cut" else None


def switched(fact: SupplySwitched, *, template: str) -> Cause:
    """Return what tells that an order was carried out, on the civil day on which it was."""
    return Cause(
        kind="supply_order",
        id=fact.order_no,
        template=template,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=f"{fact.switched_at:%Y-%m}",
        day=fact.switched_at.date(),
        figures={
            "account_no": fact.account_no,
            "service_point_no": fact.service_point_no,
            "switched_instant": fact.switched_at.isoformat(),
            "undue": "false" if fact.although is None else "true",
            "tell_by": (fact.switched_at.date() + timedelta(days=1)).isoformat(),
        },
    )


ZH = Text(
    subject="已停电 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}，用电地点 {service_point_no} 已于 {switched_local} 停止供电。
{undue}
如家中有人依靠电力设备维持生命，请立即来电告知。
""",
    words={
        "undue": {
            "true": "这次停电本不应进行，我们正在恢复供电，您无需办理任何手续，谨此致歉。",
            "*": "请通过您平时的缴费渠道或到营业厅缴清欠费；缴清后二十四小时内恢复供电，无需另行申请。",
        }
    },
)

EN = Text(
    subject="Your supply was cut, account {account_no}",
    body="""\
Dear customer,

supply {service_point_no} (account {account_no}) was cut on {switched_local}.
{undue}
If somebody at your home depends on a device to stay alive, please call us at once.
""",
    words={
        "undue": {
            "true": "It should not have been: we are restoring it, there is nothing for you to do. We apologize.",
            "*": "Please pay what is owed in your usual way or at our counter: it is then restored within 24 hours by itself.",
        }
    },
)

FIGURES: Mapping[str, type[int] | type[str]] = {
    "account_no": str,
    "service_point_no": str,
    "switched_instant": str,
    "undue": str,
    "tell_by": str,
}

KIND = Kind(
    name=NAME,
    fact=SupplySwitched,
    cause=cause,
    figures=FIGURES,
    roles=frozenset({"holder", "payer", "tenant"}),
    legal_effect=False,
    tell_by="tell_by",  # quiet hours may hold it for a night, no full week does
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    happened="switched_instant",
)
