"""A wrong wiring, multiplier or meter ends in an adjustment: a document of its own, never a usage, and without penalty.

It is proposed by who investigates and issued by somebody else. Of a case that is adjusted for anew the document before is taken
back by one of the opposite figures.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.adjustments import store
from services.billing.adjustments.domain import Adjustment, Document, documents
from services.billing.adjustments.use_cases import settling
from services.billing.bills.domain.policy import CASE_ADJUSTMENT, KINDS
from services.billing.cases.use_cases import charging, working
from services.billing.context import Context
from shared import approvals, natural
from shared.db.approvals import Approval
from shared.db.engine import Tx

COMPONENT = "energy"


def kind_of_approval(context: Context) -> approvals.Kind:
    """Return the kind of approval that issues the adjustment of a case."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        row, worked, _ = await charging.approved(tx, approval, actor)
        await issue(tx, row, worked, approval.content, actor=actor, context=context)

    return approvals.Kind(
        name=CASE_ADJUSTMENT,
        scope=KINDS[CASE_ADJUSTMENT],
        carry_out=carry_out,
        given_up=charging.give_back,
        taken_back=charging.take_back,
    )


def of_calculation(case: Row[Any], worked: Row[Any], *, account_no: str) -> Adjustment:
    """Return what a calculation of a case adjusts an account for, with its working."""
    return Adjustment(
        account_no=account_no,
        org_unit=case.org_unit,
        energy_wh=worked.energy_wh,
        total_fen=worked.adjustment_fen,
        components=((COMPONENT, worked.adjustment_fen),),
        working={
            "case_no": case.case_no,
            "calculation": worked.calculation,
            "policy": f"{worked.policy}@{worked.policy_version}",
            "policy_hash": worked.policy_hash,
            "input": orjson.loads(worked.input),
            "items": orjson.loads(worked.items),
        },
    )


async def issue(
    tx: Tx, row: Row[Any], worked: Row[Any], content: Mapping[str, Any], *, actor: str, context: Context
) -> None:
    """Issue what a calculation adjusts, take back what stood before, and end the case."""
    day = await charging.day_of_issue(tx, content)
    due_on = day + timedelta(days=context.policies.on(day).release_of(row.org_unit).due_days)
    before = await store.locked(tx, row.case_no)
    found = documents([of_calculation(row, worked, account_no=row.account_no)], store.standing(before))
    rows = [
        {
            "adjustment_id": natural.key_id(
                worked.breach_on, "adjustment", row.case_no, document.adjustment.account_no, number
            ),
            "dispute_no": row.case_no,
            "case_no": row.case_no,
            "test_version": worked.number,
            "account_no": document.adjustment.account_no,
            "number": number,
            "service_point_no": row.service_point_no,
            "org_unit": row.org_unit,
            "cycle": f"{day:%Y-%m}",
            "issued_on": day,
            "due_on": due_on,
            "from_day": worked.from_day,
            "to_day": worked.to_day,
            **_figures(document),
            "actor": actor,
        }
        for number, document in enumerate(found, _last(before) + 1)
    ]
    await settling.issue(tx, rows)
    await working.end(tx, row, "adjust", on=day, actor=actor, explanation=str(content["explanation"]))


def _figures(document: Document) -> dict[str, Any]:
    one = document.adjustment
    return {
        "energy_wh": one.energy_wh,
        "total_fen": one.total_fen,
        "components": orjson.dumps(one.components).decode(),
        "working": orjson.dumps(one.working).decode(),
        "reverses": document.reverses,
    }


def _last(rows: Sequence[Row[Any]]) -> int:
    return max((row.number for row in rows), default=0)
