"""What of a late fee is given up (减免): asked for by one person, approved by another."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from services.collection.late_fees import domain, store
from services.collection.late_fees.domain import Rulebook
from services.collection.late_fees.use_cases import charging, working
from services.collection.ledger.domain.policy import APPROVALS, WAIVER, Policy
from services.collection.ledger.store import accounts, months, receivables
from services.collection.ledger.use_cases import commands
from shared import approvals
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class ReceivableUnknown(BusinessError):
    status = 404
    code = "receivable.unknown"
    title = "There is no such receivable"


class UnknownReason(BusinessError):
    status = 422
    code = "late_fee.unknown_reason"
    title = "The policy has no such reason for a waiver"


class NothingToWaive(BusinessError):
    status = 409
    code = "late_fee.nothing_to_waive"
    title = "The debt has no late fee, or less than is to be waived"


class WaivedAlready(BusinessError):
    status = 409
    code = "late_fee.waived_already"
    title = "Something of the late fee of this debt was waived before"


async def ask(
    tx: Tx,
    receivable_id: str,
    *,
    waived_fen: int | None,
    reason: str,
    explanation: str,
    actor: str,
    sees: commands.Sees,
    policy: Policy,
    rulebook: Rulebook,
    today: date,
) -> Approval | None:
    """Ask for the waiver of a debt's late fee, or of fen of it; where one person is enough it is waived at once.

    Raises ReceivableUnknown, UnknownReason, WaivedAlready, NothingToWaive, AskedAlready.
    """
    row = await receivables.one(tx, receivable_id)
    if row is None or not sees(row.org_unit):
        raise ReceivableUnknown
    rules = rulebook.on(today)
    if rules is None or reason not in rules.waiver_reasons:
        raise UnknownReason
    opened = await months.open_from(tx)
    await accounts.lock_accounts(tx, [row.account_no])
    fee_fen = await _checked(tx, row, waived_fen, rulebook=rulebook, today=today)
    given = {
        "receivable_id": receivable_id,
        "account_no": row.account_no,
        "waived_fen": waived_fen,
        "reason": reason,
        "explanation": explanation,
    }
    second = policy.second_person(WAIVER, today, waived_fen or fee_fen)
    if second is None:
        await _waive(
            tx, given, row, by=actor, second=None, opened=opened, policy=policy, rulebook=rulebook, today=today
        )
        return None
    return await approvals.ask(
        tx,
        kind=WAIVER,
        subject_id=receivable_id,
        content={**given, "late_fee_fen": fee_fen},
        org_unit=row.org_unit,
        requested_by=actor,
        reason=reason,
        second=second,
    )


def kind_of_approval(policy: Policy, rulebook: Rulebook, today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval that waives a late fee, with what has grown since it was asked for."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        given, on = approval.content, today()
        opened = await months.open_from(tx)
        await accounts.lock_accounts(tx, [given["account_no"]])
        row = await receivables.one(tx, approval.subject_id)
        await _checked(tx, row, given["waived_fen"], rulebook=rulebook, today=on)
        await _waive(
            tx,
            given,
            row,
            by=approval.requested_by,
            second=actor,
            opened=opened,
            policy=policy,
            rulebook=rulebook,
            today=on,
        )

    return approvals.Kind(name=WAIVER, scope=APPROVALS[WAIVER], carry_out=carry_out)


async def _checked(tx: Tx, row: Any, waived_fen: int | None, *, rulebook: Rulebook, today: date) -> int:
    """Return the fee of a debt alone, as of today, in fen; its account is locked."""
    if row.receivable_id in await store.waivers(tx, [row.account_no]):
        raise WaivedAlready
    debts = await working.settled(tx, rulebook, [row.account_no])
    debts += await working.owed(tx, rulebook, row.account_no, on=today)
    own = [replace(debt, waived_fen=0) for debt in debts if debt.receivable_id == row.receivable_id]
    fen = sum(fee.amount_fen for fee in domain.fees(rulebook, own))
    if not fen or (waived_fen is not None and waived_fen > fen):
        raise NothingToWaive
    return fen


async def _waive(
    tx: Tx,
    given: Any,
    row: Any,
    *,
    by: str,
    second: str | None,
    opened: date | None,
    policy: Policy,
    rulebook: Rulebook,
    today: date,
) -> None:
    names = ("receivable_id", "account_no", "waived_fen", "reason", "explanation")
    waiver = {name: given[name] for name in names} | {"org_unit": row.org_unit, "waived_on": today}
    await store.add_waiver(tx, waiver | {"asked_by": by, "approved_by": second})
    entry = AuditEntry(
        action="late_fee.waive",
        entity_kind="late_fee_waiver",
        entity_id=row.receivable_id,
        actor=second or by,
        reason=given["reason"],
    )
    tx.audit([entry])
    await charging.charge(tx, [row.account_no], policy=policy, rulebook=rulebook, opened=opened, on=today)
