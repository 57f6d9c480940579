"""Routes of standings and hardship."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from services.collection.context import READ, WRITE, Id, Own
from services.collection.ledger.use_cases import commands
from services.collection.standings import examples, store, use_cases
from services.collection.standings.domain import Standing
from shared import web
from shared.fields import Day, Words
from shared.web import auth, pagination
from shared.web.batch import Code, In, No

router = web.Router("/v1", tags=["standings"])


class StandingOut(BaseModel):
    """How an account pays (缴费情况), and the figures by which it is judged."""

    account_no: str
    org_unit: str
    standing: Standing
    since: date = Field(description="The business day as of which it was judged so first.")
    judged_on: date = Field(description="The business day as of which a figure of it changed last.")
    due_from: date = Field(description="The first due date that counted on that day.")
    due_count: int = Field(description="Receivables that count: due in the months of the policy, or owed since before.")
    late_count: int = Field(description="Those of them that were settled late, or are late and owed.")
    owed_late_count: int = Field(description="Those of them that are late and owed.")


class MarkOut(BaseModel):
    """An account in hardship: as a person said, with the days `[valid_from, valid_to)`."""

    account_no: str
    mark_no: int
    org_unit: str
    valid_from: date
    valid_to: date | None
    reason: str
    marked_by: str
    ended_by: str | None


class MarkIn(In):
    from_: Day = Field(alias="from", description="The first day of the hardship.")
    to: Day | None = Field(default=None, description="The first day no longer in hardship; null: until it is ended.")
    reason: Code = Field(pattern=r"\S", description="A code of the policy (`hardship_reasons`); nothing about persons.")


class EndIn(In):
    on: Day = Field(description="The first day no longer in hardship.")
    reason: Words = Field(max_length=200, description="Why; no personal data.")


@router.get("/standings", policy=READ)
async def list_standings(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: No | None = None,
    standing: Annotated[Standing | None, Query()] = None,
) -> pagination.Page[StandingOut]:
    """List how accounts pay; one of which nothing was ever due has no standing."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            standing=standing,
        )
    return wanted.page(
        rows, key=lambda row: (row.account_no,), item=lambda row: StandingOut.model_validate(row, from_attributes=True)
    )


@router.get("/hardships", policy=READ)
async def list_hardships(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, account_no: No | None = None
) -> pagination.Page[MarkOut]:
    """List the marks of hardship, those that have ended too."""
    async with db.view() as view:
        rows = await store.marks(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, account_no=account_no
        )
    return wanted.page(
        rows,
        key=lambda row: (row.account_no, row.mark_no),
        item=lambda row: MarkOut.model_validate(row, from_attributes=True),
    )


@router.post(
    "/accounts/{account_no}/hardship",
    policy=WRITE,
    raises=(commands.AccountUnknown, use_cases.UnknownReason, use_cases.DatesReversed, use_cases.MarkedAlready),
    example=examples.MARK,
    status_code=201,
)
async def mark_hardship(account_no: Id, body: MarkIn, caller: auth.Current, db: web.Db, own: Own) -> MarkOut:
    """Mark an account as in hardship: from the first day on its standing is `hardship`, however it pays."""
    async with db.begin() as tx:
        await use_cases.mark(
            tx,
            account_no,
            valid_from=body.from_,
            valid_to=body.to,
            reason=body.reason,
            actor=caller.subject,
            sees=caller.may_see,
            rulebook=own.standings,
            today=own.today(),
        )
        return MarkOut.model_validate((await store.marks_of(tx, account_no))[-1], from_attributes=True)


@router.post(
    "/accounts/{account_no}/hardship/end",
    policy=WRITE,
    raises=(commands.AccountUnknown, use_cases.NotMarked),
    example=examples.END,
)
async def end_hardship(account_no: Id, body: EndIn, caller: auth.Current, db: web.Db, own: Own) -> MarkOut:
    """End the mark of hardship that holds on a day: from that day on the account is judged by how it pays."""
    async with db.begin() as tx:
        mark_no = await use_cases.end(
            tx,
            account_no,
            on=body.on,
            reason=body.reason,
            actor=caller.subject,
            sees=caller.may_see,
            rulebook=own.standings,
            today=own.today(),
        )
        return MarkOut.model_validate((await store.marks_of(tx, account_no))[mark_no - 1], from_attributes=True)
