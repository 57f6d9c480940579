"""What was adjusted for a case is taken back by two people: by a document of the opposite figures, never by editing."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Literal

import orjson
from sqlalchemy import Row

from services.billing.adjustments import domain, store
from services.billing.adjustments.use_cases import settling
from services.billing.bills.domain.policy import ADJUSTMENT_WITHDRAWAL, KINDS
from services.billing.bills.use_cases import two_people
from services.billing.business_day import store as business_day
from services.billing.context import Context
from shared import approvals, natural
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError

Cause = Literal["mistaken", "appeal_upheld", "waived"]
MaySee = Callable[[str], bool]


class UnknownAdjustment(BusinessError):
    status = 404
    code = "adjustment.unknown"
    title = "There is no such adjustment"


class OfATest(BusinessError):
    status = 409
    code = "adjustment.of_test"
    title = "The adjustment follows from the test of a meter: another test of it changes that"


class WithdrawnAlready(BusinessError):
    status = 409
    code = "adjustment.withdrawn"
    title = "The adjustment is taken back, or takes one back itself"


async def withdraw(
    tx: Tx, adjustment_id: str, *, cause: Cause, explanation: str, actor: str, may_see: MaySee, context: Context
) -> Approval | None:
    """Ask that an adjustment of a case be taken back; return what is asked for, None where policy wants nobody else.

    Raises UnknownAdjustment, OfATest, WithdrawnAlready.
    """
    row, _ = await _standing(tx, adjustment_id, may_see)
    content = {
        "adjustment_id": adjustment_id,
        "case_no": row.case_no,
        "account_no": row.account_no,
        "total_fen": row.total_fen,
        "energy_wh": row.energy_wh,
        "cause": cause,
        "explanation": explanation,
    }
    second = (await two_people.rules(tx, context)).scope(ADJUSTMENT_WITHDRAWAL, row.total_fen)
    if second is None:
        await _take_back(tx, adjustment_id, content, asked_by=actor, actor=actor, context=context)
        return None
    return await approvals.ask(
        tx,
        kind=ADJUSTMENT_WITHDRAWAL,
        subject_id=adjustment_id,
        content=content,
        org_unit=row.org_unit,
        requested_by=actor,
        reason=explanation,
        second=second,
    )


def kind_of_approval(context: Context, check_hands: Callable[[View, str, str], Awaitable[None]]) -> approvals.Kind:
    """Return the kind of approval that takes the adjustment of a case back.

    `check_hands`: refuses who has had a hand in a case (view, case, person).
    """

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        content = approval.content
        await check_hands(tx, content["case_no"], actor)
        await _take_back(tx, approval.subject_id, content, asked_by=approval.requested_by, actor=actor, context=context)

    return approvals.Kind(name=ADJUSTMENT_WITHDRAWAL, scope=KINDS[ADJUSTMENT_WITHDRAWAL], carry_out=carry_out)


async def _take_back(
    tx: Tx, adjustment_id: str, content: Mapping[str, Any], *, asked_by: str, actor: str, context: Context
) -> None:
    row, number = await _standing(tx, adjustment_id, lambda _unit: True)
    day = await business_day.not_before(tx, row.issued_on)
    one = domain.reversed_(store.adjustment(row), adjustment_id).adjustment
    why = {"cause": content["cause"], "explanation": content["explanation"], "asked_by": asked_by}
    values = dict(row._mapping) | {
        "adjustment_id": natural.key_id(row.issued_on, "adjustment", row.dispute_no, row.account_no, number),
        "number": number,
        "cycle": f"{day:%Y-%m}",
        "issued_on": day,
        "due_on": day + timedelta(days=context.policies.on(day).release_of(row.org_unit).due_days),
        "energy_wh": one.energy_wh,
        "total_fen": one.total_fen,
        "components": orjson.dumps(one.components).decode(),
        "working": orjson.dumps({**one.working, **why}).decode(),
        "reverses": adjustment_id,
        "actor": actor,
    }
    await settling.issue(tx, [values])
    entry = AuditEntry(
        action="adjustment.withdraw",
        entity_kind="adjustment",
        entity_id=adjustment_id,
        actor=actor,
        reason=content["explanation"],
    )
    tx.audit([entry])


async def _standing(tx: Tx, adjustment_id: str, may_see: MaySee) -> tuple[Row[Any], int]:
    """Return an adjustment that may be taken back, under lock, and the next number of its case."""
    row = await store.row(tx, adjustment_id)
    if row is None or not may_see(row.org_unit):
        raise UnknownAdjustment
    if row.case_no is None:
        raise OfATest
    issued = await store.locked(tx, row.dispute_no)
    if adjustment_id not in {each.adjustment_id for each in store.not_taken_back(issued)}:
        raise WithdrawnAlready
    return row, max(each.number for each in issued) + 1
