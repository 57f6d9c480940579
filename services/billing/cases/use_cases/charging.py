"""What was calculated is proposed, approved by two more people, and charged: back-billing and penalty, a document each.

Two approvals, one after the other: of `case.charge` somebody decides who had no hand in the case, of `case.charge.second` a third
person. Both see the same content, and both are asked with the hash of it; the second one is asked for by the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.policy import CASE_CHARGE, CASE_CHARGE_SECOND, KINDS
from services.billing.bills.use_cases import two_people
from services.billing.business_day import store as business_day
from services.billing.cases.domain import cases
from services.billing.cases.store import charges as store
from services.billing.cases.store.cases import change, locked
from services.billing.cases.use_cases import hands, working
from services.billing.context import Context
from shared import approvals, natural
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.billing import Charge, ChargeIssued

BACK_BILLING: Final = "back_billing"
PENALTY: Final = "penalty"


class NothingToCharge(BusinessError):
    status = 422
    code = "case.nothing_to_charge"
    title = "Nothing is to be charged by this calculation"


class AccountUnknown(BusinessError):
    status = 409
    code = "case.account_unknown"
    title = "Nobody was supplied at the service point on the day of the first signal: there is no account to charge"


class ChargesStand(BusinessError):
    status = 409
    code = "case.charges_stand"
    title = "Charges of the case stand: they are withdrawn before it is charged anew"


class ChangedMeanwhile(BusinessError):
    status = 412
    code = "case.changed_meanwhile"
    title = "The case is another one than when this was proposed"


class ChargedBefore(BusinessError):
    status = 409
    code = "case.charged_before"
    title = "This calculation was charged before, and that was withdrawn: charged anew is what is calculated anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who proposed a charge, and who approved it, as far as policy wanted that."""

    proposed: str
    first: str | None = None
    second: str | None = None


def content_of(
    row: Row[Any], worked: Row[Any], explanation: str, day: date, actor: str, *, before: Iterable[str]
) -> dict[str, Any]:
    """Return what who approves sees: the money with its working, and who had a hand in it (`before`: up to now)."""
    return {
        "case_no": row.case_no,
        "kind": row.kind,
        "service_point_no": row.service_point_no,
        "account_no": row.account_no,
        "calculation": worked.number,
        "rule": worked.calculation,
        "policy": f"{worked.policy}@{worked.policy_version}",
        "policy_hash": worked.policy_hash,
        "input": orjson.loads(worked.input),
        "items": orjson.loads(worked.items),
        "back_billing_fen": worked.back_billing_fen,
        "penalty_fen": worked.penalty_fen,
        "adjustment_fen": worked.adjustment_fen,
        "explanation": explanation,
        "business_date": day.isoformat(),
        "row_version": row.row_version + 1,
        "had_a_hand": sorted({actor, worked.calculated_by, *before}),
        "proposed_by": actor,
    }


async def ask(
    tx: Tx, kind: str, row: Row[Any], content: Mapping[str, Any], *, requested_by: str, second: str
) -> Approval:
    """Ask for an approval about a case."""
    return await approvals.ask(
        tx,
        kind=kind,
        subject_id=row.case_no,
        content=content,
        org_unit=row.org_unit,
        requested_by=requested_by,
        reason=str(content["explanation"]),
        second=second,
    )


async def approved(tx: Tx, approval: Approval, actor: str) -> tuple[Row[Any], Row[Any]]:
    """Return the case and the calculation of what is approved; raises hands.HadAHand, ChangedMeanwhile."""
    content = approval.content
    if actor in content["had_a_hand"]:
        raise hands.HadAHand
    row = await working.locked(tx, approval.subject_id, lambda _unit: True)
    await hands.check(tx, row.case_no, actor)  # also by what was done since
    worked = await store.calculation(tx, row.case_no, content["calculation"])
    if worked is None or row.state != cases.AWAITING or row.row_version != content["row_version"]:
        raise ChangedMeanwhile
    if row.account_no != content["account_no"]:
        raise ChangedMeanwhile("the account that was supplied is another one by now")
    return row, worked


async def give_back(tx: Tx, approval: Approval, actor: str) -> None:
    """Go on investigating: what was proposed was rejected, or taken back."""
    row = await working.locked(tx, approval.subject_id, lambda _unit: True)
    if row.state == cases.AWAITING:
        on = await working.day_of(tx, row, None)
        await working.move(tx, row, "give_back", on=on, actor=actor)


def kinds_of_approval(context: Context) -> list[approvals.Kind]:
    """Return the two kinds of approvals that charge what a case comes to."""

    async def first(tx: Tx, approval: Approval, actor: str) -> None:
        row, worked = await approved(tx, approval, actor)
        content = {name: value for name, value in approval.content.items() if name != approvals.SECOND}
        fen = worked.back_billing_fen + worked.penalty_fen
        second = (await two_people.rules(tx, context)).scope(CASE_CHARGE_SECOND, fen)
        if second is None:
            await issue(tx, row, worked, content, By(proposed=content["proposed_by"], first=actor), context)
            return
        content |= {"had_a_hand": sorted({*content["had_a_hand"], actor}), "first_by": actor}
        await ask(tx, CASE_CHARGE_SECOND, row, content, requested_by=actor, second=second)

    async def second(tx: Tx, approval: Approval, actor: str) -> None:
        row, worked = await approved(tx, approval, actor)
        content = approval.content
        by = By(proposed=content["proposed_by"], first=content["first_by"], second=actor)
        await issue(tx, row, worked, content, by, context)

    return [
        approvals.Kind(name=CASE_CHARGE, scope=KINDS[CASE_CHARGE], carry_out=first, given_up=give_back),
        approvals.Kind(name=CASE_CHARGE_SECOND, scope=KINDS[CASE_CHARGE_SECOND], carry_out=second, given_up=give_back),
    ]


async def issue(tx: Tx, row: Row[Any], worked: Row[Any], content: Mapping[str, Any], by: By, context: Context) -> None:
    """Issue what a calculation comes to, a document for each component, and end the case."""
    if await store.standing_fen(tx, row.case_no):
        raise ChargesStand
    day = await day_of_issue(tx, content)
    due_on = day + timedelta(days=context.policies.on(day).release_of(row.org_unit).due_days)
    amounts = ((BACK_BILLING, worked.back_billing_fen), (PENALTY, worked.penalty_fen))
    charges = [
        Charge(
            charge_no=natural.key_id(worked.breach_on, "charge", row.case_no, worked.number, component),
            case_no=row.case_no,
            account_no=row.account_no,
            service_point_no=row.service_point_no,
            org_unit=row.org_unit,
            component=component,
            amount_fen=fen,
            cycle=f"{day:%Y-%m}",
            issued_on=day,
            due_on=due_on,
            rule=worked.calculation,
            policy=f"{worked.policy}@{worked.policy_version}",
            policy_hash=worked.policy_hash,
        )
        for component, fen in amounts
        if fen > 0
    ]
    three = {"proposed_by": by.proposed, "first_by": by.first, "second_by": by.second}
    await store.insert(tx, [one.model_dump() | {"calculation_number": worked.number} | three for one in charges])
    tx.publish([ChargeIssued(account_no=one.account_no, charge=one) for one in charges])
    actor = by.second or by.first or by.proposed
    tx.audit(_entries("charge.issue", [one.charge_no for one in charges], actor, row.case_no))
    fen = sum(one.amount_fen for one in charges)
    await working.end(tx, row, "charge", on=day, actor=actor, explanation=str(content["explanation"]), outcome_fen=fen)


async def day_of_issue(tx: Tx, content: Mapping[str, Any]) -> date:
    """Return the day on which something is issued: the latest that billing has heard of, not before that of the proposal."""
    proposed = date.fromisoformat(content["business_date"])
    return max(proposed, await business_day.latest(tx) or proposed)


def _entries(action: str, charge_nos: Sequence[str], actor: str, reason: str) -> list[AuditEntry]:
    return [
        AuditEntry(action=action, entity_kind="charge", entity_id=no, actor=actor, reason=reason) for no in charge_nos
    ]


async def note_outcome(tx: Tx, case_no: str) -> None:
    """Note what the charges of a case that has ended come to by now."""
    row = await locked(tx, case_no)
    if row is not None and row.ended_on is not None:
        await change(tx, case_no, outcome_fen=await store.standing_fen(tx, case_no))
