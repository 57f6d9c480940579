"""Nothing is left of what was paid in (欠费停电预告): told with legal effect; that it was told is when a cut may be proposed."""

from collections.abc import Mapping
from datetime import date

from services.notify.kinds import prepaid_low
from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.prepaid import PrepaidBalanceOverdrawn, PrepaidBalanceRecovered

NAME = "prepaid_overdrawn"
DAY_MINUTES = 1440


def cause(fact: PrepaidBalanceOverdrawn) -> Cause:
    """Tell that nothing is left, and when supply may be cut."""
    minutes = fact.cut_after_minutes
    wait = "never" if minutes is None else "minutes" if minutes < DAY_MINUTES else "days"
    number = 0 if minutes is None else minutes if wait == "minutes" else minutes // DAY_MINUTES
    figures = {"owing_fen": max(0, -fact.available_fen), "wait": wait, "wait_number": str(number)}
    return prepaid_low.balance(fact, kind="nothing_prepaid", template=NAME, more=figures)


ZH = Text(
    subject="电费余额已用完 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}（用电地点 {service_point_no}）按 {through} 前的用电测算，可用余额已不足，欠 {owing_yuan} 元。
{wait}
充值后不予停电；已停电的，充值后自动恢复供电。如一时有困难，或对用电量有疑问，请来电。
如家中有人依靠电力设备维持生命，请立即来电告知。
""",
    short="【停电预告】户号 {account_no} 可用余额已不足，欠 {owing_yuan} 元。{wait}充值即不停电，有困难请来电。",
    words={
        "wait": {
            "days": "本通知送达 {wait_number} 天后仍未充值的，我们将依约停止供电；停电前将再次通知。",
            "minutes": "本通知送达 {wait_number} 分钟后仍未充值的，我们将依约停止供电；停电前将再次通知。",
            "*": "请及时充值。",
        }
    },
)

EN = Text(
    subject="Nothing is left on your account {account_no}",
    body="""\
Dear customer,

by what was used before {through}, nothing is left on account {account_no} (supply {service_point_no}): CNY {owing_yuan} is owed.
{wait}
If you pay in before, nothing is cut; supply that was cut comes back by itself. Please call us if paying is difficult now, or if
you doubt what was measured.
If somebody at your home depends on a device to stay alive, please call us at once.
""",
    short="Account {account_no}: nothing is left, CNY {owing_yuan} is owed. {wait} Pay in and nothing is cut, or call us.",
    words={
        "wait": {
            "days": "If nothing is paid in within {wait_number} days of this notice supply may be cut; you will be told again.",
            "minutes": "If nothing is paid in within {wait_number} minutes supply may be cut; you will be told again.",
            "*": "Please pay in.",
        }
    },
)

FIGURES: Mapping[str, type[int] | type[str]] = {
    "account_no": str,
    "service_point_no": str,
    "available_fen": int,
    "owing_fen": int,
    "through": str,
    "tell_by": str,
    "wait": str,
    "wait_number": str,
}

KIND = Kind(
    name=NAME,
    fact=PrepaidBalanceOverdrawn,
    cause=cause,
    figures=FIGURES,
    roles=frozenset({"holder", "payer", "tenant"}),
    legal_effect=True,  # its proof is when a cut may be proposed
    tell_by="tell_by",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    withdrawn_by={PrepaidBalanceRecovered: prepaid_low.withdrawal},
)
