"""A change of use ends in another class from a day on: the account is put so, and its bills are corrected."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.accounts import use_cases as accounts
from services.billing.bills.use_cases.billed_days import Refused
from services.billing.cases.domain import cases
from services.billing.cases.domain.reclass import Reclass, reclassed
from services.billing.cases.store import cases as store
from services.billing.cases.store import reclasses
from services.billing.cases.use_cases import hands, working
from services.billing.cases.use_cases.charging import AccountUnknown, ChangedMeanwhile
from services.billing.cases.use_cases.working import MaySee, NotPossible, UnknownCase
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import points as points_store
from shared.approvals import Kind
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import Outcome
from shared.web.conditional import Stale

KINDS = ("change_of_use", "high_usage", "breach")
"""The kinds of cases that may end so."""


class NothingChanges(BusinessError):
    status = 422
    code = "case.nothing_changes"
    title = "The account is of that class, and its contract on that tariff, from that day on already"


async def reclass(
    tx: Tx,
    case_no: str,
    wanted: Reclass,
    *,
    seen: int,
    explanation: str,
    on: date | None,
    actor: str,
    units: Sequence[str],
    may_see: MaySee,
    context: Context,
) -> Outcome:
    """Put the account of a case as if by PUT, with another class from a day on; what becomes of its bills follows from that.

    `awaiting_approval` where it changes days of issued bills of an amount that the policy names: the case ends when somebody else
    approves it (`account.billed_days`). Raises UnknownCase, NotPossible, AccountUnknown, NothingChanges, Refused.
    """
    there = await store.get(tx, case_no)
    if there is None or not may_see(there.org_unit):
        raise UnknownCase
    if there.account_no is None or there.contract_no is None:
        raise AccountUnknown
    if there.kind not in KINDS:
        raise NotPossible(there.kind)
    # points, then accounts, then the case: as by who puts accounts, and by what their bills find
    known = await contracts_store.contracts_of(tx, [there.account_no])
    points = [row.service_point_no for row in known]
    await points_store.anchor(tx, points)
    await contracts_store.lock_at(tx, points)
    row = await working.locked(tx, case_no, may_see, seen)
    if _whose(row) != _whose(there):
        raise Stale
    if row.state not in cases.LIFE.sources("reclass") or row.state == cases.AWAITING:
        raise NotPossible(row.state)
    day = await working.day_of(tx, row, on)
    ((stated, _),) = (await contracts_store.load(tx, [there.account_no])).values()
    now = reclassed(stated.account, there.contract_no, wanted)
    if now == stated.account:
        raise NothingChanges
    (outcome,) = await accounts.put(tx, [now], actor=actor, units=units, context=context)
    if outcome.status == "refused":
        raise Refused(outcome)
    waits = outcome.status == "awaiting_approval"
    await reclasses.add(
        tx,
        {
            "case_no": case_no,
            "row_version": row.row_version + 1,
            "account_no": there.account_no,
            "contract_no": there.contract_no,
            "from_day": wanted.from_,
            "customer_class": wanted.customer_class,
            "tariff": wanted.tariff,
            "option": wanted.option,
            "approval_id": outcome.id if waits else None,
            "asked_on": day,
            "asked_by": actor,
            "explanation": explanation,
            "done_on": None if waits else day,
        },
    )
    if waits:
        await working.move(tx, row, "propose", on=day, actor=actor, explanation=explanation)
    else:
        await working.end(tx, row, "reclass", on=day, actor=actor, explanation=explanation)
    return outcome


def _whose(row: Row[Any]) -> tuple[str | None, str | None]:
    return row.account_no, row.contract_no


def with_cases(kind: Kind) -> Kind:
    """Return the kind of approval that changes an account for billed days so that the case which asked for it ends with it."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        asked = await reclasses.asked(tx, approval.approval_id)
        if asked is not None:
            await hands.check(tx, asked.case_no, actor)
        await kind.carry_out(tx, approval, actor)
        if asked is None:
            return
        row = await working.locked(tx, asked.case_no, lambda _unit: True)
        if _whose(row) != _whose(asked):
            raise ChangedMeanwhile("the account that was supplied is another one by now")
        day = await working.day_of(tx, row, None)
        await reclasses.done(tx, asked.case_no, asked.row_version, on=day)
        await working.end(tx, row, "reclass", on=day, actor=actor, explanation=asked.explanation)

    async def given_up(tx: Tx, approval: Approval, actor: str) -> None:
        asked = await reclasses.asked(tx, approval.approval_id)
        if asked is None:
            return
        row = await working.locked(tx, asked.case_no, lambda _unit: True)
        await working.move(tx, row, "give_back", on=await working.day_of(tx, row, None), actor=actor)

    return replace(kind, carry_out=carry_out, given_up=given_up)
