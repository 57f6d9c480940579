"""Routes of instalment plans."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.collection.context import READ, WRITE, Id, Own
from services.collection.ledger.schemas import AmountFen, Fen
from services.collection.plans import domain, examples, store, use_cases
from services.collection.plans.domain import Instalment
from shared import approvals, web
from shared.fields import Day, Words
from shared.web import auth, pagination
from shared.web.approvals import ASKED, asked
from shared.web.batch import In, No

router = web.Router("/v1", tags=["plans"])
State = Literal["proposed", "agreed", "broken", "completed", "rejected"]
RECEIVABLES_MAX = 100


class InstalmentOut(BaseModel):
    due_on: date
    amount_fen: Fen


class PlanOut(BaseModel):
    """A plan to pay what is owed in instalments (分期)."""

    plan_no: str
    account_no: str
    org_unit: str
    state: State
    covered_fen: Fen
    receivable_ids: list[str]
    instalments: list[InstalmentOut]
    grace_days: int = Field(description="So many days after its own an instalment may still be paid.")
    proposed_on: date
    proposed_by: str
    agreed_on: date | None = Field(description="From this day on what it covers is held.")
    agreed_by: str | None
    ended_on: date | None = Field(description="Broken or completed: the first day that is not held any more.")


class InstalmentIn(In):
    due_on: Day
    amount_fen: AmountFen


class PlanIn(In):
    receivable_ids: list[No] = Field(min_length=1, max_length=RECEIVABLES_MAX, description="What it covers.")
    instalments: list[InstalmentIn] = Field(
        min_length=1, max_length=domain.INSTALMENTS_MAX, description="By day; together what is owed on the receivables."
    )
    explanation: Words = Field(max_length=1000, description="Why; no personal data.")


@router.post(
    "/accounts/{account_no}/plans",
    policy=WRITE,
    raises=(*use_cases.PROPOSING, approvals.AskedAlready),
    responses=ASKED,
    status_code=202,
    example=examples.PLAN,
)
async def propose_plan(account_no: Id, body: PlanIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Propose that debts of an account are paid in instalments; a second person agrees, and dunning of them is held."""
    async with db.begin() as tx:
        found = await use_cases.propose(
            tx,
            account_no,
            receivable_ids=body.receivable_ids,
            instalments=[Instalment(each.due_on, each.amount_fen) for each in body.instalments],
            explanation=body.explanation,
            actor=caller.subject,
            sees=caller.may_see,
            policy=own.policy,
            rulebook=own.plans,
            today=own.today(),
        )
    return asked(found)


@router.get("/plans", policy=READ)
async def list_plans(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: No | None = None,
    plan_state: Annotated[State | None, Query(alias="state")] = None,
) -> pagination.Page[PlanOut]:
    """List instalment plans, with what they cover and what is to be paid by when."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            state=plan_state,
        )
        numbers = [row.plan_no for row in rows]
        parts, covered = await store.instalments(view, numbers), await store.covered(view, numbers)
    return wanted.page(rows, key=lambda row: (row.plan_no,), item=lambda row: _shown(row, parts, covered))


def _shown(row: Row[Any], parts: dict[str, list[Instalment]], covered: dict[str, dict[str, int]]) -> PlanOut:
    given = {name: value for name, value in row._mapping.items() if name not in ("version", "hold_no")}
    return PlanOut(
        **given,
        receivable_ids=list(covered[row.plan_no]),
        instalments=[InstalmentOut(due_on=each.due_on, amount_fen=each.amount_fen) for each in parts[row.plan_no]],
    )
