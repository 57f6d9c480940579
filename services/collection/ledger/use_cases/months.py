"""Closing of accounting months: asked for by one person, closed by another one who has seen the totals."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from services.collection.ledger.domain import months
from services.collection.ledger.domain.policy import APPROVALS, MONTH_CLOSING, Policy
from services.collection.ledger.store import statements
from services.collection.ledger.store.months import add_closed_month, open_from
from services.collection.ledger.use_cases.commands import MonthClosed
from shared import approvals
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import ALREADY_DONE, DONE, Outcome


class MonthOutOfOrder(BusinessError):
    status = 409
    code = "ledger.month_out_of_order"
    title = "Months are closed one after the other"


class MonthNotEnded(BusinessError):
    status = 409
    code = "ledger.month_not_ended"
    title = "A month is closed after its last day"


class TotalsChanged(BusinessError):
    status = 409
    code = "ledger.totals_changed"
    title = "The totals of the month are others than those that were seen"


async def close(tx: Tx, *, month: str, policy: Policy, today: date, actor: str) -> Outcome | Approval:
    """Close a month (月结) and all before it for ever; waits for the units of work that are posting.

    Refused: a month that has not ended, and one that is not the next after the last closed month. Where the policy wants a second
    person it returns what is asked for: who approves it closes the month, with the totals that were there when it was asked for.
    """
    if not await _may_close(tx, month, today):
        return ALREADY_DONE
    second = policy.second_person(MONTH_CLOSING, today)
    if second is None:
        await _close(tx, month, actor)
        return DONE
    return await approvals.ask(
        tx,
        kind=MONTH_CLOSING,
        subject_id=month,
        content=await _totals(tx, month),
        org_unit=approvals.NOBODYS,
        requested_by=actor,
        reason="",
        second=second,
    )


def kind_of_approval(today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval that closes a month, if its totals are those that were seen."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        month = approval.subject_id
        if not await _may_close(tx, month, today()):
            raise MonthClosed
        if await _totals(tx, month) != {name: approval.content[name] for name in ("month", "totals")}:
            raise TotalsChanged
        await _close(tx, month, actor)

    return approvals.Kind(name=MONTH_CLOSING, scope=APPROVALS[MONTH_CLOSING], carry_out=carry_out)


async def _may_close(tx: Tx, month: str, today: date) -> bool:
    """Return whether a month is open; nobody posts until the unit of work ends."""
    opened = await open_from(tx, closing=True)
    if not months.LIFE.may(months.status(month, opened), "close"):
        return False
    if opened is not None and month != months.of(opened):
        raise MonthOutOfOrder(f"{months.of(opened)} comes first")
    if months.first_day_after(month) > today:
        raise MonthNotEnded
    return True


async def _totals(tx: Tx, month: str) -> dict[str, Any]:
    """Return what is seen of a month before it is closed: the trial balance (试算平衡) of its last day."""
    balances = await statements.trial_balance_of_entries(tx, months.first_day_after(month) - timedelta(days=1))
    totals = {one.ledger_account: {"debit_fen": one.debit_fen, "credit_fen": one.credit_fen} for one in balances}
    return {"month": month, "totals": totals}


async def _close(tx: Tx, month: str, actor: str) -> None:
    await add_closed_month(tx, month, actor)
    tx.audit([AuditEntry(action="month.close", entity_kind="month", entity_id=month, actor=actor)])
