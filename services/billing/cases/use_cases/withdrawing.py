"""A charge that is wrong or given up is withdrawn by two people; one that is disputed is held of dunning for some days."""

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row

from services.billing.adjustments.use_cases.withdrawing import Cause
from services.billing.bills.domain.policy import CHARGE_WITHDRAWAL, KINDS
from services.billing.bills.use_cases import two_people
from services.billing.business_day import store as business_day
from services.billing.cases.store import charges as store
from services.billing.cases.use_cases import hands
from services.billing.cases.use_cases.working import MaySee
from services.billing.context import Context
from shared import approvals
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.billing import Charge, ChargeHoldChanged, ChargeWithdrawn

_CHARGE: Final = tuple(Charge.model_fields)


class UnknownCharge(BusinessError):
    status = 404
    code = "charge.unknown"
    title = "There is no such charge"


class WithdrawnAlready(BusinessError):
    status = 409
    code = "charge.withdrawn"
    title = "The charge is withdrawn"


class HeldTooLong(BusinessError):
    status = 422
    code = "charge.held_too_long"
    title = "A charge is held for as many days as the policy says, and then renewed or not"


async def withdraw(
    tx: Tx, charge_no: str, *, cause: Cause, explanation: str, actor: str, may_see: MaySee, context: Context
) -> Approval | None:
    """Ask that a charge be withdrawn; return what is asked for, None where policy wants nobody else and it is done."""
    row = await _locked(tx, charge_no, may_see)
    second = (await two_people.rules(tx, context)).scope(CHARGE_WITHDRAWAL, row.amount_fen)
    if second is None:
        await _withdraw(tx, row, cause=cause, explanation=explanation, asked_by=actor, actor=None)
        return None
    return await approvals.ask(
        tx,
        kind=CHARGE_WITHDRAWAL,
        subject_id=charge_no,
        content={
            "charge_no": charge_no,
            "case_no": row.case_no,
            "account_no": row.account_no,
            "component": row.component,
            "amount_fen": row.amount_fen,
            "cause": cause,
            "explanation": explanation,
        },
        org_unit=row.org_unit,
        requested_by=actor,
        reason=explanation,
        second=second,
    )


def kind_of_approval() -> approvals.Kind:
    """Return the kind of approval that withdraws a charge."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        row = await _locked(tx, approval.subject_id, lambda _unit: True)
        await hands.check(tx, row.case_no, actor)
        if actor == row.proposed_by:  # also of a charge whose case was lost and restored
            raise hands.HadAHand
        content = approval.content
        await _withdraw(
            tx,
            row,
            cause=content["cause"],
            explanation=content["explanation"],
            asked_by=approval.requested_by,
            actor=actor,
        )

    return approvals.Kind(name=CHARGE_WITHDRAWAL, scope=KINDS[CHARGE_WITHDRAWAL], carry_out=carry_out)


async def hold(
    tx: Tx,
    charge_no: str,
    *,
    held_until: date | None,
    explanation: str,
    actor: str,
    may_see: MaySee,
    context: Context,
) -> None:
    """Hold a disputed charge of dunning up to a day, or end that (None); a hold that is not renewed ends by itself."""
    row = await _locked(tx, charge_no, may_see)
    if row.held_until == held_until:
        return
    today = await business_day.not_before(tx, row.issued_on)
    days = context.policies.on(today).cases.hold_days
    if held_until is not None and held_until > today + timedelta(days=days):
        raise HeldTooLong(f"{days} days")
    version = row.hold_version + 1
    await store.change(tx, charge_no, held_until=held_until, hold_version=version)
    tx.publish(
        [
            ChargeHoldChanged(
                version=version,
                account_no=row.account_no,
                charge_no=charge_no,
                service_point_no=row.service_point_no,
                org_unit=row.org_unit,
                held_until=held_until,
            )
        ]
    )
    _audit(tx, row, "charge.hold", actor, explanation)


async def _withdraw(tx: Tx, row: Row[Any], *, cause: str, explanation: str, asked_by: str, actor: str | None) -> None:
    day = await business_day.not_before(tx, row.issued_on)
    await store.change(
        tx,
        row.charge_no,
        withdrawn_on=day,
        cause=cause,
        explanation=explanation,
        withdrawal_asked_by=asked_by,
        withdrawn_by=actor,
    )
    charge = Charge(**{name: row._mapping[name] for name in _CHARGE})
    tx.publish([ChargeWithdrawn(account_no=row.account_no, charge=charge, withdrawn_on=day, cause=cause)])
    _audit(tx, row, "charge.withdraw", actor or asked_by, explanation)


def _audit(tx: Tx, row: Row[Any], action: str, actor: str, reason: str) -> None:
    entry = AuditEntry(action=action, entity_kind="charge", entity_id=row.charge_no, actor=actor, reason=reason)
    tx.audit([entry])


async def _locked(tx: Tx, charge_no: str, may_see: MaySee) -> Row[Any]:
    row = await store.locked(tx, charge_no)
    if row is None or not may_see(row.org_unit):
        raise UnknownCharge
    if row.withdrawn_on is not None:
        raise WithdrawnAlready
    return row
