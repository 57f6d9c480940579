"""Routes of holds: who holds what of dunning, why and until when."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.collection.context import READ, WRITE, Id, Own
from services.collection.dunning import examples
from services.collection.dunning.store import holds as store
from services.collection.dunning.use_cases import holds as use_cases
from shared import web
from shared.fields import Day, Words
from shared.web import auth, pagination
from shared.web.batch import Code, In, No

router = web.Router("/v1", tags=["dunning"])
RECEIVABLES_MAX = 100  # of one hold: more is all


class DunningHoldOut(BaseModel):
    """What a person said, or a plan: nothing is done about these debts up to and with `held_until`."""

    account_no: str
    hold_no: int
    org_unit: str
    reason: str
    receivable_ids: list[str] = Field(description="What is held; empty: all debts of the account, those to come too.")
    held_from: date
    held_until: date
    held_by: str
    ended_on: date | None = Field(description="The first day no longer held, where it was ended early.")
    ended_by: str | None


class DunningHoldIn(In):
    reason: Code = Field(pattern=r"\S", description="A code of the policy (`dunning.holds`); nothing about persons.")
    until: Day | None = Field(default=None, description="The last day that is held; a hold without end is refused.")
    receivable_ids: list[No] = Field(
        default_factory=list, max_length=RECEIVABLES_MAX, description="What is held; empty: all, what is to come too."
    )


class EndHoldIn(In):
    reason: Words = Field(max_length=200, description="Why; no personal data.")


@router.get("/dunning-holds", policy=READ)
async def list_dunning_holds(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: No | None = None,
    reason: Code | None = None,
    held_on: Day | None = None,
    lapsed_on: Day | None = None,
) -> pagination.Page[DunningHoldOut]:
    """List what people and plans hold of dunning. `held_on`: on that day; `lapsed_on`: what lapsed before that day, ended by
    nobody."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            reason=reason,
            held_on=held_on,
            lapsed_on=lapsed_on,
        )
        about = await store.about(view, [(row.account_no, row.hold_no) for row in rows])
    return wanted.page(rows, key=lambda row: (row.account_no, row.hold_no), item=lambda row: _shown(row, about))


@router.post(
    "/accounts/{account_no}/dunning-holds",
    policy=WRITE,
    raises=use_cases.PLACING,
    example=examples.HOLD,
    status_code=201,
)
async def place_dunning_hold(
    account_no: Id, body: DunningHoldIn, caller: auth.Current, db: web.Db, own: Own
) -> DunningHoldOut:
    """Hold dunning of an account, or of some of its debts, from today on: nothing is sent, and nobody is asked to act."""
    async with db.begin() as tx:
        hold_no = await use_cases.place(
            tx,
            account_no,
            reason=body.reason,
            until=body.until,
            receivable_ids=body.receivable_ids,
            actor=caller.subject,
            sees=caller.may_see,
            rulebook=own.ladders,
            today=own.today(),
        )
        row = (await store.of_account(tx, account_no))[hold_no - 1]
        return _shown(row, await store.about(tx, [(account_no, hold_no)]))


@router.post(
    "/accounts/{account_no}/dunning-holds/{hold_no}/end",
    policy=WRITE,
    raises=use_cases.ENDING,
    example=examples.END,
)
async def end_dunning_hold(
    account_no: Id,
    hold_no: Annotated[int, Path(ge=1, le=2**31 - 1)],
    body: EndHoldIn,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> DunningHoldOut:
    """End a hold before its day: from today on dunning goes on where it was."""
    async with db.begin() as tx:
        await use_cases.end(
            tx,
            account_no,
            hold_no,
            reason=body.reason,
            actor=caller.subject,
            sees=caller.may_see,
            today=own.today(),
        )
        row = (await store.of_account(tx, account_no))[hold_no - 1]
        return _shown(row, await store.about(tx, [(account_no, hold_no)]))


def _shown(row: Row[Any], about: dict[tuple[str, int], list[str]]) -> DunningHoldOut:
    given = {name: value for name, value in row._mapping.items() if name != "holds_all"}
    return DunningHoldOut(**given, receivable_ids=about[row.account_no, row.hold_no])
