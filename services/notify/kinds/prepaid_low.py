"""Little is left of what was paid in (余额提醒): the customer is told once a level, and how much by which day."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from services.notify.notices.domain.causes import Cause, Withdrawal, matter_of
from services.notify.templates.domain import Kind, Template, Text
from shared.events.prepaid import PrepaidBalanceLow, PrepaidBalanceOverdrawn, PrepaidBalanceRecovered

NAME = "prepaid_low"
MATTER = "prepaid"
"""What all notices of a balance are of until there is enough again, by account and episode."""


def cause(fact: PrepaidBalanceLow) -> Cause:
    """Tell that less than a level is left."""
    return balance(fact, kind="prepaid_low", template=NAME, more={"level_fen": fact.level_fen})


def balance(
    fact: PrepaidBalanceLow | PrepaidBalanceOverdrawn, *, kind: str, template: str, more: Mapping[str, Any]
) -> Cause:
    """Return what tells of a balance, on its day."""
    return Cause(
        kind=kind,
        id=fact.announcement_id,
        template=template,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        cycle=f"{fact.told_on:%Y-%m}",
        day=fact.told_on,
        figures={
            "account_no": fact.account_no,
            "service_point_no": fact.service_point_no,
            "available_fen": fact.available_fen,
            "through": fact.through.isoformat(),
            "tell_by": (fact.told_on + timedelta(days=2)).isoformat(),
            **more,
        },
        matter=matter_of(MATTER, f"{fact.account_no}~{fact.episode}"),
    )


def withdrawal(fact: PrepaidBalanceRecovered) -> Withdrawal:
    """Return that nobody is to be told of a balance any more."""
    matter = matter_of(MATTER, f"{fact.account_no}~{fact.episode}")
    return Withdrawal(matter=matter, account_no=fact.account_no, reason="recovered")


ZH = Text(
    subject="电费余额提醒 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no}（用电地点 {service_point_no}）按 {through} 前的用电测算，可用余额 {available_yuan} 元，已低于 {level_yuan} 元。
请及时充值，以免影响用电。
""",
    short=(
        "【电费余额】户号 {account_no} 按 {through} 前用电测算，"
        "可用余额 {available_yuan} 元，低于 {level_yuan} 元，请及时充值。"
    ),
)

EN = Text(
    subject="Little is left on your account {account_no}",
    body="""\
Dear customer,

by what was used before {through}, CNY {available_yuan} is left on account {account_no} (supply {service_point_no}),
less than CNY {level_yuan}. Please pay in before it is used up.
""",
    short=(
        "Account {account_no}: CNY {available_yuan} is left by what was used before {through}, less than CNY {level_yuan}. "
        "Please pay in."
    ),
)

FIGURES: Mapping[str, type[int] | type[str]] = {
    "account_no": str,
    "service_point_no": str,
    "available_fen": int,
    "level_fen": int,
    "through": str,
    "tell_by": str,
}

KIND = Kind(
    name=NAME,
    fact=PrepaidBalanceLow,
    cause=cause,
    figures=FIGURES,
    roles=frozenset({"holder", "payer", "tenant"}),
    legal_effect=False,
    tell_by="tell_by",
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    withdrawn_by={PrepaidBalanceRecovered: withdrawal},
)
