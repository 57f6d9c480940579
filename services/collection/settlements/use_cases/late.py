"""Money that is left on an account after it was closed (销户后余额) is paid out by two people, each time by a document."""

from collections.abc import Callable
from datetime import date

from services.collection.ledger.domain.documents import PAYOUT, Debt
from services.collection.ledger.domain.policy import APPROVALS, LATE_PAYOUT, Policy
from services.collection.ledger.store import accounts, months
from services.collection.ledger.use_cases import commands
from services.collection.receivables.use_cases import bills
from services.collection.settlements import store
from services.collection.settlements.use_cases.settling import COMPONENT, ChangedMeanwhile
from shared import approvals
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class NothingLeft(BusinessError):
    status = 409
    code = "account.nothing_to_pay_out"
    title = "The account is not closed, has no money left, or a settlement of it is under way"


async def ask(
    tx: Tx,
    account_no: str,
    *,
    explanation: str,
    actor: str,
    sees: commands.Sees,
    policy: Policy,
    today: date,
) -> Approval:
    """Ask a second person to pay out what is left on a closed account. Raises AccountUnknown, NothingLeft, AskedAlready."""
    org_unit = await commands.locked(tx, account_no, sees)
    fen = await _left(tx, account_no, today)
    if not fen:
        raise NothingLeft
    return await approvals.ask(
        tx,
        kind=LATE_PAYOUT,
        subject_id=account_no,
        content={"account_no": account_no, "paid_out_fen": fen},
        org_unit=org_unit,
        requested_by=actor,
        reason=explanation,
        second=policy.second_person(LATE_PAYOUT, today) or APPROVALS[LATE_PAYOUT],
    )


async def _left(tx: Tx, account_no: str, on: date) -> int:
    """Return what may be paid out of an account that is locked: 0 where it is not closed, or its settlement pays that out."""
    row = await accounts.account(tx, account_no)
    if row is None or row.closed_on is None or row.closed_on > on or row.outstanding_fen:
        return 0
    return 0 if await store.is_open(tx, account_no) else int(row.prepaid_fen)


def kind_of_approval(policy: Policy, today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval that pays out what is left on a closed account, if it still is that much."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        opened = await months.open_from(tx)
        account_no, fen = approval.subject_id, int(approval.content["paid_out_fen"])
        await accounts.lock_accounts(tx, [account_no])
        on = today()
        if await _left(tx, account_no, on) != fen:
            raise ChangedMeanwhile
        debt = Debt(
            document_kind=PAYOUT,
            document_id=approval.approval_id,
            account_no=account_no,
            cycle=f"{on:%Y-%m}",
            issued_on=on,
            due_on=on,
            posted_on=on,
            total_fen=fen,
            components=[(COMPONENT, fen)],
        )
        await bills.post_debts(tx, policy=policy, opened=opened, debts=[debt])
        tx.audit(
            [
                AuditEntry(
                    action="account.late_payout",
                    entity_kind="late_payout",
                    entity_id=approval.approval_id,
                    actor=actor,
                    reason=approval.reason,
                )
            ]
        )

    return approvals.Kind(name=LATE_PAYOUT, scope=APPROVALS[LATE_PAYOUT], carry_out=carry_out)
