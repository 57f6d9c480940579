"""Issued bills were corrected: an account is told once of a correction, however many bills it touches."""

from datetime import date

from services.notify.notices.domain.causes import Cause
from services.notify.templates.domain import Kind, Template, Text
from shared.events.billing import BillCorrected

NAME = "bill_corrected"


def cause(fact: BillCorrected) -> Cause | None:
    """Tell an account what its bills were and are; nothing where no bill came or went."""
    if not (fact.reversals or fact.replacements):
        return None
    first = min(fact.reversals or fact.replacements, key=lambda bill: bill.cycle)
    old_fen = sum(bill.total_fen for bill in fact.reversals)
    new_fen = sum(bill.total_fen for bill in fact.replacements)
    told = {one.replacement_id for one in fact.differences}
    owed = [(one.due_on, one.total_fen) for one in fact.differences]
    owed += [(bill.due_on, bill.total_fen) for bill in fact.replacements if bill.bill_id not in told]
    due_on = min((day for day, total_fen in owed if total_fen > 0), default=None)
    return Cause(
        kind="correction",
        id=fact.correction_id,
        template=NAME,
        account_no=fact.account_no,
        service_point_no=first.service_point_no,
        org_unit=first.org_unit,
        cycle=first.cycle,
        day=fact.corrected_on,
        figures={
            "account_no": fact.account_no,
            "cycle": first.cycle,
            "bills": max(len(fact.reversals), len(fact.replacements)),
            "old_fen": old_fen,
            "new_fen": new_fen,
            "difference_fen": new_fen - old_fen,
            "settled_by": _settled_by(fact, new_fen - old_fen),
            "due_on": due_on.isoformat() if due_on else "-",
            "reason": fact.reason,
        },
    )


def _settled_by(fact: BillCorrected, difference_fen: int) -> str:
    if not fact.differences:
        return "new_bills" if fact.replacements else "cancelled"
    return "difference_to_pay" if difference_fen > 0 else "difference_credited" if difference_fen < 0 else "nothing"


ZH_1 = Text(
    subject="电费账单更正 {cycle} 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no} 自 {cycle} 起的 {bills} 张电费账单已更正。
原金额合计：{old_yuan} 元
更正后合计：{new_yuan} 元
差额：{difference_yuan} 元
{settled_by}
缴费截止日：{due_on}

本邮件由系统自动发送。
""",
    words={
        "settled_by": {
            "new_bills": "原账单已冲销，已缴款项自动转入更正后的账单。",
            "cancelled": "原账单已作废，已缴款项转为预存电费。",
            "difference_to_pay": "原账单继续有效，差额以差额单补收。",
            "difference_credited": "原账单继续有效，差额已退入您的账户，先抵扣未缴电费。",
            "*": "原账单继续有效，应缴总额不变。",
        },
    },
)

EN_1 = Text(
    subject="Corrected electricity bill {cycle}, account {account_no}",
    body="""\
Dear customer,

{bills} bill(s) of account {account_no} from {cycle} on were corrected.
Total before: CNY {old_yuan}
Total now: CNY {new_yuan}
Difference: CNY {difference_yuan}
{settled_by}
Pay by: {due_on}

This message was sent automatically.
""",
    words={
        "settled_by": {
            "new_bills": "The earlier bills are reversed. What you have paid counts towards the corrected bills.",
            "cancelled": "The bill is cancelled. What you have paid is credited to your account.",
            "difference_to_pay": "The earlier bills stand. The difference is charged by a document of its own.",
            "difference_credited": (
                "The earlier bills stand. The difference is credited and settles what is open first."
            ),
            "*": "The earlier bills stand. The total to pay does not change.",
        },
    },
)

ZH_2 = Text(
    subject="电费账单更正 {cycle} 户号 {account_no}",
    body="""\
尊敬的客户：

户号 {account_no} 自 {cycle} 起的 {bills} 张电费账单已更正。
原金额合计：{old_yuan} 元
更正后合计：{new_yuan} 元
{difference_sign}
{settled_by}
{due_on}

本邮件由系统自动发送。
""",
    words={
        "settled_by": {
            "new_bills": "原账单已冲销，已缴款项自动转入更正后的账单。",
            "cancelled": "原账单已作废，已缴款项转为预存电费。",
            "difference_to_pay": "原账单继续有效，差额以差额单补收。",
            "difference_credited": "原账单继续有效，差额已退入您的账户，先抵扣未缴电费。",
            "*": "原账单继续有效，应缴总额不变。",
        },
        "difference_sign": {
            "more": "比原金额多 {difference_size_yuan} 元",
            "less": "比原金额少 {difference_size_yuan} 元",
            "*": "金额不变",
        },
        "due_on": {
            "-": "无须缴费。",
            "*": "已缴款项和预存电费先行抵扣，抵扣后仍有不足的，请于 {due_on} 前缴纳不足部分；已足额抵扣的，无须缴费。",
        },
    },
)

EN_2 = Text(
    subject="Corrected electricity bill {cycle}, account {account_no}",
    body="""\
Dear customer,

{bills} bill(s) of account {account_no} from {cycle} on were corrected.
Total before: CNY {old_yuan}
Total now: CNY {new_yuan}
{difference_sign}
{settled_by}
{due_on}

This message was sent automatically.
""",
    words={
        "settled_by": {
            "new_bills": "The earlier bills are reversed. What you have paid counts towards the corrected bills.",
            "cancelled": "The bill is cancelled. What you have paid is credited to your account.",
            "difference_to_pay": "The earlier bills stand. The difference is charged by a document of its own.",
            "difference_credited": (
                "The earlier bills stand. The difference is credited and settles what is open first."
            ),
            "*": "The earlier bills stand. The total to pay does not change.",
        },
        "difference_sign": {
            "more": "CNY {difference_size_yuan} more than before",
            "less": "CNY {difference_size_yuan} less than before",
            "*": "The amount does not change.",
        },
        "due_on": {
            "-": "Nothing is to pay.",
            "*": (
                "What you have paid, and prepayment on your account, is used first. "
                "Please pay what it does not cover by {due_on}; where it covers all, nothing is to pay."
            ),
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=BillCorrected,
    cause=cause,
    figures={
        "account_no": str,
        "cycle": str,
        "bills": int,
        "old_fen": int,
        "new_fen": int,
        "difference_fen": int,
        "settled_by": str,
        "due_on": str,
        "reason": str,
    },
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    joins=True,
    tell_by="due_on",
    templates=(
        Template(NAME, 1, date(2000, 1, 1), {"zh": ZH_1, "en": EN_1}),
        Template(NAME, 2, date(2026, 1, 1), {"zh": ZH_2, "en": EN_2}),
    ),
    tenants_alone=True,
)
