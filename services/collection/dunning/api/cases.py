"""Routes of cases of dunning and their steps."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Row, true

from services.collection.context import READ, Id
from services.collection.dunning.domain.judging import CLOSED
from services.collection.dunning.domain.ladders import Action, Track
from services.collection.dunning.store import cases as store
from services.collection.dunning.store import holds
from services.collection.ledger.schemas import Fen
from services.collection.steps import store as steps_store
from shared import web
from shared.errors import BusinessError
from shared.web import auth, pagination
from shared.web.batch import DerivedFrom, No

router = web.Router("/v1", tags=["dunning"])
State = Literal["open", "held", "waiting", "closed"]
HISTORY_MAX = 500  # steps of one case that it shows; `GET /v1/dunning-steps` pages all


class UnknownCase(BusinessError):
    status = 404
    code = "dunning_case.unknown"
    title = "There is no such case"


class CaseOut(BaseModel):
    """The arrears of an account (催费工单), as of the last business day on which something of it changed."""

    case_no: str
    account_no: str
    org_unit: str
    track: Track
    state: State = Field(description="`held`: all that is overdue; `waiting`: for people, who approve or cut.")
    stage: int = Field(description="0: no stage is reached yet.")
    stage_on: date | None = Field(description="Since when it is at that stage.")
    action: Literal["", "notice", "call", "visit", "approval", "cut"] = Field(description="What is done at that stage.")
    opened_on: date
    closed_on: date | None
    judged_on: date
    outstanding_fen: Fen = Field(description="What is overdue, held or not.")
    held_fen: Fen
    due_on: date = Field(description="Of the oldest debt that nothing holds, where there is one.")
    debts: int


class StepDebtOut(BaseModel):
    receivable_id: str
    outstanding_fen: Fen


class StepOut(BaseModel):
    """What was to be done of an account on a day, over all its debts that nothing held; told as `dunning_step_due`."""

    step_id: str
    case_no: str = Field(description="Empty of before there were cases.")
    account_no: str
    org_unit: str
    stage: int
    action: Action
    track: Track
    tone: Literal["plain", "gentle", "firm"] | None
    business_date: date
    outstanding_fen: Fen
    due_on: date
    debts: list[StepDebtOut]
    derived_from: list[DerivedFrom]


class HoldOfCase(BaseModel):
    """A hold of the account that stood on a day of the case."""

    hold_no: int
    reason: str
    held_from: date
    held_until: date
    held_by: str
    ended_on: date | None
    ended_by: str | None


class CaseWithHistory(CaseOut):
    steps: list[StepOut]
    holds: list[HoldOfCase]


@router.get("/dunning-cases", policy=READ)
async def list_cases(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: No | None = None,
    case_state: Annotated[State | None, Query(alias="state")] = None,
    stage: Annotated[int | None, Query(ge=0, le=100)] = None,
    track: Annotated[Track | None, Query()] = None,
    action: Annotated[Action | None, Query(description="What is done at its stage.")] = None,
) -> pagination.Page[CaseOut]:
    """List the cases of dunning; `state=waiting`, say, with `action=approval`: those that wait for somebody who approves."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            state=case_state,
            stage=stage,
            track=track,
            action=action,
        )
    return wanted.page(rows, key=lambda row: (row.case_no,), item=lambda row: CaseOut(**row._mapping))


@router.get("/dunning-cases/{case_no}", policy=READ, raises=(UnknownCase,))
async def get_case(case_no: Id, caller: auth.Current, db: web.Db) -> CaseWithHistory:
    """Return a case with its steps, oldest first, and the holds of its account."""
    async with db.view() as view:
        row = await store.case(view, case_no)
        if row is None or not caller.may_see(row.org_unit):
            raise UnknownCase
        steps = await steps_store.page(view, visible=caller.visible, after=_all, limit=HISTORY_MAX, case_no=case_no)
        debts = await steps_store.debts_of(view, [step.step_id for step in steps])
        held = [each for each in await holds.of_account(view, row.account_no) if _meets(each, row)]
    return CaseWithHistory(
        **row._mapping,
        steps=[_step(step, debts) for step in steps],
        holds=[HoldOfCase.model_validate(each, from_attributes=True) for each in held[-HISTORY_MAX:]],
    )


@router.get("/dunning-steps", policy=READ)
async def list_steps(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, account_no: No | None = None, case_no: No | None = None
) -> pagination.Page[StepOut]:
    """List what was to be done, one step per account and stage; those of before there were cases are reminders of one debt."""
    async with db.view() as view:
        rows = await steps_store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            case_no=case_no,
        )
        debts = await steps_store.debts_of(view, [row.step_id for row in rows])
    return wanted.page(rows, key=lambda row: (row.step_id,), item=lambda row: _step(row, debts))


def _all(*_columns: Any) -> Any:
    return true()


def _meets(hold: Row[Any], case: Row[Any]) -> bool:
    over = hold.ended_on or hold.held_until
    return bool(over >= case.opened_on and (case.state != CLOSED or hold.held_from <= case.closed_on))


def _step(row: Row[Any], debts: dict[str, list[tuple[str, int]]]) -> StepOut:
    of = [
        StepDebtOut(receivable_id=receivable_id, outstanding_fen=fen)
        for receivable_id, fen in debts.get(row.step_id, [])
    ]
    given = {name: value for name, value in row._mapping.items() if name != "recorded_at"}
    origins = [DerivedFrom(service="collection", kind="receivable", id=each.receivable_id) for each in of]
    return StepOut(**given, debts=of, derived_from=origins)
