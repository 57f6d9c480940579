"""A change of use ends in another class from a day on: the account is put so, and its bills are corrected."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.accounts import use_cases as accounts
from services.billing.bills.store import corrections
from services.billing.bills.use_cases.billed_days import Refused
from services.billing.cases.domain import cases
from services.billing.cases.domain.reclass import Reclass, reclassed
from services.billing.cases.domain.standing import CLASS_CHANGE, PRICE, Document
from services.billing.cases.store import cases as store
from services.billing.cases.store import reclasses
from services.billing.cases.store import standing as standing_store
from services.billing.cases.use_cases import comparing, hands, working
from services.billing.cases.use_cases.charging import AccountUnknown, ChangedMeanwhile
from services.billing.cases.use_cases.working import MaySee, NotPossible, UnknownCase
from services.billing.context import Context
from services.billing.contracts.domain import changed_since
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import points as points_store
from shared.approvals import Kind
from shared.dated import Period
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


class AskedByAnother(BusinessError):
    status = 409
    code = "case.reclassing_asked"
    title = "Another case has asked for the same change of class, which waits for its approval"


async def reclass(
    tx: Tx,
    case_no: str,
    wanted: Reclass,
    *,
    seen: int,
    goes_on: bool = False,
    explanation: str,
    on: date | None,
    actor: str,
    units: Sequence[str],
    may_see: MaySee,
    context: Context,
) -> Outcome:
    """Put the account of a case as if by PUT, with another class from a day on; what becomes of its bills follows from that.

    `awaiting_approval` where it changes days of issued bills of an amount that the policy names: the case ends when somebody else
    approves it (`account.billed_days`). `goes_on`: it does not end by that, its penalty is charged after it.

    Raises UnknownCase, NotPossible, AccountUnknown, NothingChanges, Refused, AskedByAnother, comparing.BilledTwice.
    """
    there = await _may_be(tx, case_no, may_see)
    points = await _lock(tx, there)
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
    await _compare(tx, row, there.account_no, wanted.from_, points)
    touched = await corrections.touched(tx, changed_since(stated.account, now))
    (outcome,) = await accounts.put(tx, [now], actor=actor, units=units, context=context)
    if outcome.status == "refused":
        raise Refused(outcome)
    waits = outcome.status == "awaiting_approval"
    if waits and (other := await reclasses.asked(tx, outcome.id or "")) is not None:
        raise AskedByAnother(f"case {other.case_no}")
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
            "goes_on": goes_on,
            "touched": None if waits else orjson.dumps(touched).decode(),
        },
    )
    if waits:
        await working.move(tx, row, "propose", on=day, actor=actor, explanation=explanation)
    else:
        await _made(tx, row, goes_on, on=day, actor=actor, explanation=explanation)
    return outcome


async def _may_be(tx: Tx, case_no: str, may_see: MaySee) -> Row[Any]:
    there = await store.get(tx, case_no)
    if there is None or not may_see(there.org_unit):
        raise UnknownCase
    if there.account_no is None or there.contract_no is None:
        raise AccountUnknown
    if there.kind not in KINDS:
        raise NotPossible(there.kind)
    return there


async def _lock(tx: Tx, case: Row[Any]) -> list[str]:
    """Lock points, then accounts, then what cases do there, as by who puts accounts, and by what their bills find."""
    points = await comparing.points_of(tx, case)
    await points_store.anchor(tx, points)
    await contracts_store.lock_at(tx, points)
    await standing_store.lock(tx, points)
    return points


async def _compare(tx: Tx, row: Row[Any], account_no: str, from_: date, points: Sequence[str]) -> None:
    """Check that no charge that stands bills the difference of the days from a day on; raises BilledTwice."""
    wanted = Document(
        kind=CLASS_CHANGE,
        number="",
        case_no=row.case_no,
        account_no=account_no,
        service_point_no=row.service_point_no,
        claim=PRICE,
        days=Period(from_),
        fen=None,
    )
    there = (await standing_store.around(tx, account_no, points)).conflict([wanted])
    if there is not None:
        raise comparing.BilledTwice(str(there))


async def _made(tx: Tx, row: Row[Any], goes_on: bool, *, on: date, actor: str, explanation: str) -> None:
    if goes_on:
        await working.move(tx, row, "class", on=on, actor=actor, explanation=explanation)
    else:
        await working.end(tx, row, "reclass", on=on, actor=actor, explanation=explanation)


def _whose(row: Row[Any]) -> tuple[str | None, str | None]:
    return row.account_no, row.contract_no


def with_cases(kind: Kind) -> Kind:
    """Return the kind of approval that changes an account for billed days so that the case which asked for it ends with it."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        asked = await reclasses.asked(tx, approval.approval_id)
        if asked is None:
            await kind.carry_out(tx, approval, actor)
            return
        await hands.check(tx, asked.case_no, actor)
        there = await store.get(tx, asked.case_no)
        if there is None or _whose(there) != _whose(asked):
            raise ChangedMeanwhile("the account that was supplied is another one by now")
        points = await _lock(tx, there)
        row = await working.locked(tx, asked.case_no, lambda _unit: True)
        if _whose(row) != _whose(asked):
            raise ChangedMeanwhile("the account that was supplied is another one by now")
        await _compare(tx, row, asked.account_no, asked.from_day, points)
        touched = await _would_touch(tx, asked)
        await kind.carry_out(tx, approval, actor)
        day = await working.day_of(tx, row, None)
        await reclasses.done(tx, asked.case_no, asked.row_version, on=day, touched=orjson.dumps(touched).decode())
        await _made(tx, row, asked.goes_on, on=day, actor=actor, explanation=asked.explanation)

    async def given_up(tx: Tx, approval: Approval, actor: str) -> None:
        await _go_on(tx, approval, "give_back", actor)

    async def taken_back(tx: Tx, approval: Approval, actor: str) -> None:
        await _go_on(tx, approval, "take_back", actor)

    return replace(kind, carry_out=carry_out, given_up=given_up, taken_back=taken_back)


async def _would_touch(tx: Tx, asked: Row[Any]) -> dict[str, list[str]]:
    wanted = Reclass(
        from_=asked.from_day, customer_class=asked.customer_class, tariff=asked.tariff, option=asked.option
    )
    ((stated, _),) = (await contracts_store.load(tx, [asked.account_no])).values()
    now = reclassed(stated.account, asked.contract_no, wanted)
    return await corrections.touched(tx, changed_since(stated.account, now))


async def _go_on(tx: Tx, approval: Approval, event: str, actor: str) -> None:
    asked = await reclasses.asked(tx, approval.approval_id)
    if asked is None:
        return
    row = await working.locked(tx, asked.case_no, lambda _unit: True)
    await working.move(tx, row, event, on=await working.day_of(tx, row, None), actor=actor)
