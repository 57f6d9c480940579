"""Routes of cuts, and of what must not be cut."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from services.collection.context import READ, WRITE, Id, Own
from services.collection.cuts import examples, store
from services.collection.cuts.use_cases import marking, proposing
from services.collection.ledger.schemas import Fen
from services.collection.supply import store as supply
from shared import approvals, web
from shared.fields import Day, Instant, Words
from shared.web import auth, pagination
from shared.web.approvals import ASKED, asked
from shared.web.batch import Code, In, No

router = web.Router("/v1", tags=["cuts"])
State = Literal["proposed", "announced", "planned", "imminent", "ordered", "withdrawing", "cut", "restoring", "ended"]


class CutOut(BaseModel):
    """A service point whose supply is to be cut for arrears (欠费停电), was cut, or is restored (复电)."""

    cut_no: str
    account_no: str
    case_no: str
    service_point_no: str
    org_unit: str
    state: State = Field(description="`withdrawing`: its order was called back, what became of it is waited for.")
    code: str = Field(description="What it waits for, or why it ended: `not_told`, `rest_day`, `held`, `settled`, …")
    cause: Literal["arrears", "prepaid"] = Field(description="`prepaid`: nothing was left of what was paid in.")
    outstanding_fen: Fen = Field(description="What was overdue and not held when it was proposed.")
    due_on: date
    proposed_on: date
    proposed_by: str
    approved_by: str | None
    announcement: int = Field(description="How often the customer was told of it anew.")
    announcement_id: str
    announced_on: date | None
    told_on: date | None = Field(description="The day on which the notice was delivered, or told by a person.")
    cut_at: datetime | None
    expires_at: datetime | None
    order_no: str
    switched_at: datetime | None
    restore_by: datetime | None = Field(
        description="By when supply is to be there again: 24 hours after the reason is gone."
    )
    restored_at: datetime | None


class MarkOut(BaseModel):
    """What a service point is, in [valid_from, valid_to): `life_support` is never cut, of `important` the authority is told."""

    service_point_no: str
    kind: Literal["life_support", "important"]
    org_unit: str
    valid_from: date
    valid_to: date | None
    marked_by: str


class BanOut(BaseModel):
    """A time in which nothing is cut in an org unit and all below it."""

    ban_no: str
    org_unit: str
    from_at: datetime
    until: datetime
    reason: str
    explanation: str
    banned_by: str


class ProposalIn(In):
    service_point_no: No
    explanation: Words = Field(max_length=1000, description="What was tried; no personal data.")


class MarkIn(In):
    kind: Literal["life_support", "important"]
    org_unit: No
    from_: Day = Field(alias="from")
    to: Day | None = Field(default=None, description="The first day without it; null: until it is set anew.")


class BanIn(In):
    org_unit: No
    from_: Instant = Field(alias="from")
    until: Instant
    reason: Code = Field(pattern=r"\S")
    explanation: Words = Field(max_length=1000)


@router.get("/cuts", policy=READ)
async def list_cuts(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: No | None = None,
    cut_state: Annotated[State | None, Query(alias="state")] = None,
    code: Code | None = None,
) -> pagination.Page[CutOut]:
    """List cuts; `state=restoring`, say, for supply that is to be there again."""
    async with db.view() as view:
        rows = await supply.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            state=cut_state,
            code=code,
        )
    return wanted.page(
        rows, key=lambda row: (row.cut_no,), item=lambda row: CutOut.model_validate(row, from_attributes=True)
    )


@router.post(
    "/dunning-cases/{case_no}/cuts",
    policy=WRITE,
    raises=(
        proposing.CaseUnknown,
        proposing.NotDue,
        proposing.NotAllowed,
        proposing.Protected,
        proposing.UnderWay,
        approvals.AskedAlready,
    ),
    responses=ASKED,
    status_code=202,
    example=examples.CUT,
)
async def propose_cut(case_no: Id, body: ProposalIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Propose to cut the supply of a service point for what is overdue of it; another person approves it, always."""
    async with db.begin() as tx:
        found = await proposing.propose(
            tx,
            case_no,
            body.service_point_no,
            explanation=body.explanation,
            actor=caller.subject,
            sees=caller.may_see,
            policy=own.policy,
            ways=own.cuts,
            today=own.today(),
        )
    return asked(found)


@router.put(
    "/service-points/{service_point_no}/marks", policy=WRITE, raises=(marking.DatesReversed,), example=examples.MARK
)
async def put_mark(service_point_no: Id, body: MarkIn, caller: auth.Current, db: web.Db) -> MarkOut:
    """Say that a service point is never cut, or that the authority is to be told of its cut; in place of what was said before."""
    caller.require(body.org_unit)
    row = {
        "service_point_no": service_point_no,
        "kind": body.kind,
        "org_unit": body.org_unit,
        "valid_from": body.from_,
        "valid_to": body.to,
        "marked_by": caller.subject,
    }
    async with db.begin() as tx:
        await marking.mark(tx, row, require=caller.require)
    return MarkOut(**row)


@router.get("/point-marks", policy=READ)
async def list_marks(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, service_point_no: No | None = None
) -> pagination.Page[MarkOut]:
    """List what service points are marked as."""
    async with db.view() as view:
        rows = await store.listed_marks(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, service_point_no=service_point_no
        )
    return wanted.page(
        rows,
        key=lambda row: (row.service_point_no, row.kind),
        item=lambda row: MarkOut.model_validate(row, from_attributes=True),
    )


@router.post("/cut-bans", policy=WRITE, raises=(marking.DatesReversed,), example=examples.BAN, status_code=201)
async def ban_cuts(body: BanIn, caller: auth.Current, db: web.Db) -> BanOut:
    """Say that nothing is cut in an org unit and all below it for some time: what is planned then is put off."""
    caller.require(body.org_unit)
    async with db.begin() as tx:
        row = await marking.ban(
            tx,
            org_unit=body.org_unit,
            from_at=body.from_,
            until=body.until,
            reason=body.reason,
            explanation=body.explanation,
            actor=caller.subject,
        )
    return BanOut(**row)


@router.post("/cut-bans/{ban_no}/end", policy=WRITE, raises=(marking.BanUnknown,))
async def end_ban(ban_no: Id, caller: auth.Current, db: web.Db) -> BanOut:
    """End a ban now; one that is over stays as it is."""
    async with db.begin() as tx:
        row = await marking.end_ban(tx, ban_no, actor=caller.subject, sees=caller.may_see)
    return BanOut(**row)


@router.get("/cut-bans", policy=READ)
async def list_bans(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[BanOut]:
    """List the times in which nothing is or was cut."""
    async with db.view() as view:
        rows = await store.listed_bans(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch)
    return wanted.page(
        rows, key=lambda row: (row.ban_no,), item=lambda row: BanOut.model_validate(row, from_attributes=True)
    )
