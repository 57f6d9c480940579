"""What was calculated is proposed, approved by two more people, and charged: back-billing and penalty, a document each.

Two approvals, one after the other: of `case.charge` somebody decides who had no hand in the case, of `case.charge.second` a third
person. Both see the same content, and both are asked with the hash of it; the second one is asked for by the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.policy import CASE_CHARGE, CASE_CHARGE_SECOND, KINDS
from services.billing.bills.use_cases import two_people
from services.billing.business_day import store as business_day
from services.billing.cases.domain import cases
from services.billing.cases.domain.standing import ADJUSTMENT, BACK_BILLING, PENALTY, Document
from services.billing.cases.store import charges as store
from services.billing.cases.use_cases import comparing, hands, working
from services.billing.context import Context
from shared import approvals, natural
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.billing import Charge, ChargeIssued


class NothingToCharge(BusinessError):
    status = 422
    code = "case.nothing_to_charge"
    title = "Nothing is to be charged by this calculation"


class AccountUnknown(BusinessError):
    status = 409
    code = "case.account_unknown"
    title = "Nobody was supplied at the service point on the day of the first signal: there is no account to charge"


class ChangedMeanwhile(BusinessError):
    status = 412
    code = "case.changed_meanwhile"
    title = "The case is another one than when this was proposed"


class ChargedBefore(BusinessError):
    status = 409
    code = "case.charged_before"
    title = "This calculation was charged before, and that was withdrawn: charged anew is what is calculated anew"


class NoEvidence(BusinessError):
    status = 409
    code = "case.no_evidence"
    title = "No evidence stands in the case: what proves it is added before it is charged"


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who proposed a charge, and who approved it, as far as policy wanted that."""

    proposed: str
    first: str | None = None
    second: str | None = None


def content_of(
    row: Row[Any],
    worked: Row[Any],
    wanted: Sequence[Document],
    explanation: str,
    day: date,
    actor: str,
    *,
    penalty_only: bool,
    before: Iterable[str],
    evidence: Sequence[str],
) -> dict[str, Any]:
    """Return what who approves sees: the money with its working, and who had a hand in it (`before`: up to now)."""
    fen = {each.kind: each.fen for each in wanted}
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
        "from": worked.from_day and worked.from_day.isoformat(),
        "to": worked.to_day and worked.to_day.isoformat(),
        "penalty_only": penalty_only,
        "back_billing_fen": fen.get(BACK_BILLING, 0),
        "penalty_fen": fen.get(PENALTY, 0),
        "adjustment_fen": fen.get(ADJUSTMENT, 0),
        "evidence": evidence,
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


async def approved(tx: Tx, approval: Approval, actor: str) -> tuple[Row[Any], Row[Any], list[Document]]:
    """Return the case and the calculation of what is approved, and what comes of it, as it stands with all else by now.

    Raises hands.HadAHand, ChangedMeanwhile, comparing.BilledTwice.
    """
    content = approval.content
    if actor in content["had_a_hand"]:
        raise hands.HadAHand
    row, standing = await comparing.locked(tx, approval.subject_id, lambda _unit: True)
    await hands.check(tx, row.case_no, actor)  # also by what was done since
    worked = await store.calculation(tx, row.case_no, content["calculation"])
    if worked is None or row.state != cases.AWAITING or row.row_version != content["row_version"]:
        raise ChangedMeanwhile
    if row.account_no != content["account_no"]:
        raise ChangedMeanwhile("the account that was supplied is another one by now")
    if content.get("evidence", []) != await working.standing_evidence(tx, row.case_no):
        raise ChangedMeanwhile("evidence was added or withdrawn since")
    penalty_only = content.get("penalty_only", False)
    return row, worked, comparing.documents(standing, row, worked, penalty_only=penalty_only)


async def give_back(tx: Tx, approval: Approval, actor: str) -> None:
    """Go on investigating: what was proposed was rejected."""
    await _go_on(tx, approval.subject_id, "give_back", actor)


async def take_back(tx: Tx, approval: Approval, actor: str) -> None:
    """Go on investigating: who proposed it has taken it back."""
    await _go_on(tx, approval.subject_id, "take_back", actor)


async def _go_on(tx: Tx, case_no: str, event: str, actor: str) -> None:
    row = await working.locked(tx, case_no, lambda _unit: True)
    if row.state == cases.AWAITING:
        on = await working.day_of(tx, row, None)
        await working.move(tx, row, event, on=on, actor=actor)


def kinds_of_approval(context: Context) -> list[approvals.Kind]:
    """Return the two kinds of approvals that charge what a case comes to."""

    async def first(tx: Tx, approval: Approval, actor: str) -> None:
        row, worked, wanted = await approved(tx, approval, actor)
        content = {name: value for name, value in approval.content.items() if name != approvals.SECOND}
        fen = sum(each.fen or 0 for each in wanted)
        second = (await two_people.rules(tx, context)).scope(CASE_CHARGE_SECOND, fen)
        if second is None:
            await issue(tx, row, worked, wanted, content, By(proposed=content["proposed_by"], first=actor), context)
            return
        content |= {"had_a_hand": sorted({*content["had_a_hand"], actor}), "first_by": actor}
        await ask(tx, CASE_CHARGE_SECOND, row, content, requested_by=actor, second=second)

    async def second(tx: Tx, approval: Approval, actor: str) -> None:
        row, worked, wanted = await approved(tx, approval, actor)
        content = approval.content
        by = By(proposed=content["proposed_by"], first=content["first_by"], second=actor)
        await issue(tx, row, worked, wanted, content, by, context)

    return [
        approvals.Kind(name=name, scope=KINDS[name], carry_out=carry_out, given_up=give_back, taken_back=take_back)
        for name, carry_out in ((CASE_CHARGE, first), (CASE_CHARGE_SECOND, second))
    ]


async def issue(
    tx: Tx,
    row: Row[Any],
    worked: Row[Any],
    wanted: Sequence[Document],
    content: Mapping[str, Any],
    by: By,
    context: Context,
) -> None:
    """Issue what a calculation comes to, a document for each component, and end the case."""
    day = await day_of_issue(tx, content)
    due_on = day + timedelta(days=context.policies.on(day).release_of(row.org_unit).due_days)
    charges = [
        Charge(
            charge_no=natural.key_id(worked.breach_on, "charge", row.case_no, worked.number, each.kind),
            case_no=row.case_no,
            account_no=row.account_no,
            service_point_no=row.service_point_no,
            org_unit=row.org_unit,
            component=each.kind,
            amount_fen=each.fen or 0,
            cycle=f"{day:%Y-%m}",
            issued_on=day,
            due_on=due_on,
            rule=worked.calculation,
            policy=f"{worked.policy}@{worked.policy_version}",
            policy_hash=worked.policy_hash,
        )
        for each in wanted
    ]
    three = {"proposed_by": by.proposed, "first_by": by.first, "second_by": by.second}
    await store.insert(tx, [one.model_dump() | {"calculation_number": worked.number} | three for one in charges])
    tx.publish([ChargeIssued(account_no=one.account_no, charge=one) for one in charges])
    actor = by.second or by.first or by.proposed
    tx.audit(_entries("charge.issue", [one.charge_no for one in charges], actor, row.case_no))
    await working.end(tx, row, "charge", on=day, actor=actor, explanation=str(content["explanation"]))


async def day_of_issue(tx: Tx, content: Mapping[str, Any]) -> date:
    """Return the day on which something is issued: the latest that billing has heard of, not before that of the proposal."""
    proposed = date.fromisoformat(content["business_date"])
    return await business_day.not_before(tx, proposed)


def _entries(action: str, charge_nos: Sequence[str], actor: str, reason: str) -> list[AuditEntry]:
    return [
        AuditEntry(action=action, entity_kind="charge", entity_id=no, actor=actor, reason=reason) for no in charge_nos
    ]
