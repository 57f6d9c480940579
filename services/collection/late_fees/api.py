"""Routes of late fees."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from services.collection.context import READ, WRITE, Id, Own
from services.collection.late_fees import domain, examples, store
from services.collection.late_fees.domain import Fee
from services.collection.late_fees.use_cases import waiving, working
from services.collection.ledger.schemas import AmountFen, Fen
from services.collection.ledger.store import accounts
from shared import approvals, web
from shared.db.engine import View
from shared.fields import Day, Words
from shared.web import auth, pagination
from shared.web.approvals import ASKED, asked
from shared.web.batch import Code, In, No
from shared.web.errors import not_found

router = web.Router("/v1", tags=["late fees"])


class LateFeeLineOut(BaseModel):
    """A part of a debt: how much of it was settled when, and the days for which that bore a fee."""

    receivable_id: str
    paid_on: date
    paid_fen: Fen
    days_before: int = Field(description="Days of the year in which the debt was due.")
    days_after: int = Field(description="Days of later years.")


class AccruedOut(BaseModel):
    """What grows on debts that are due and owed, by rule: what would be charged if they were settled on the day."""

    rule: str = Field(description="Version of the policy, edition of the regulation, and for whom.")
    amount_fen: Fen
    lines: list[LateFeeLineOut]


class AccruedLateFeesOut(BaseModel):
    account_no: str
    as_of: date
    accrued_fen: Fen
    items: list[AccruedOut] = Field(description="By rule: as many as rules apply.")


class LateFeeOut(BaseModel):
    """A late fee (电费违约金) that was charged for what an account settled late on one day."""

    late_fee_id: str
    account_no: str
    org_unit: str
    settled_on: date
    rule: str
    version: int = Field(description="Above 1: it was calculated otherwise before.")
    amount_fen: Fen
    issued_on: date
    due_on: date
    state: Literal["charged", "withdrawn"]
    withdrawn_on: date | None
    lines: list[LateFeeLineOut]


class WaiverOut(BaseModel):
    """What was waived of a debt's late fee; without `waived_fen` all of it."""

    receivable_id: str
    account_no: str
    org_unit: str
    waived_fen: Fen | None
    reason: str
    explanation: str
    waived_on: date
    asked_by: str
    approved_by: str | None


class WaiverIn(In):
    waived_fen: AmountFen | None = Field(default=None, description="Null: all of it, also what would still grow.")
    reason: Code = Field(pattern=r"\S", description="A code of the policy (`waiver_reasons`).")
    explanation: Words = Field(max_length=1000, description="Why; no personal data.")


class WaivedOut(BaseModel):
    receivable_id: str
    status: Literal["done"]


async def accrued_fen(view: View, rulebook: domain.Rulebook, account_no: str, on: date) -> int:
    """Return what has grown of late fees on what an account owes, as if it were settled on a day."""
    return sum(fee.amount_fen for fee in await _accrued(view, rulebook, account_no, on))


async def _accrued(view: View, rulebook: domain.Rulebook, account_no: str, on: date) -> list[Fee]:
    return domain.fees(rulebook, await working.owed(view, rulebook, account_no, on=on))


@router.get("/accounts/{account_no}/accrued-late-fees", policy=READ)
async def get_accrued_late_fees(
    account_no: Id, caller: auth.Current, db: web.Db, own: Own, as_of: Day | None = None
) -> AccruedLateFeesOut:
    """Return what has grown of late fees on what an account owes now, if it were settled on a day; today without `as_of`."""
    on = as_of or own.today()
    async with db.view() as view:
        row = await accounts.account(view, account_no)
        if row is None or not caller.may_see(row.org_unit):
            raise not_found("account")
        found = await _accrued(view, own.late_fees, account_no, on)
    return AccruedLateFeesOut(
        account_no=account_no,
        as_of=on,
        accrued_fen=sum(fee.amount_fen for fee in found),
        items=[AccruedOut(rule=fee.rule, amount_fen=fee.amount_fen, lines=_lines(fee.lines)) for fee in found],
    )


def _lines(lines: tuple[domain.Line, ...]) -> list[LateFeeLineOut]:
    return [LateFeeLineOut.model_validate(line, from_attributes=True) for line in lines]


@router.get("/late-fees", policy=READ)
async def list_late_fees(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: No | None = None,
    fee_state: Annotated[Literal["charged", "withdrawn"] | None, Query(alias="state")] = None,
) -> pagination.Page[LateFeeOut]:
    """List late fees with their working, in the order of the days on which their debts were settled."""
    async with db.view() as view:
        rows = await store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            state=fee_state,
        )
        lines = await store.lines(view, [row.late_fee_id for row in rows])
    return wanted.page(
        rows,
        key=lambda row: (row.late_fee_id,),
        item=lambda row: LateFeeOut(**row._mapping, lines=_lines(lines.get(row.late_fee_id, ()))),
    )


@router.get("/late-fee-waivers", policy=READ)
async def list_late_fee_waivers(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, account_no: No | None = None
) -> pagination.Page[WaiverOut]:
    """List what was waived of late fees."""
    async with db.view() as view:
        rows = await store.waived(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, account_no=account_no
        )
    return wanted.page(rows, key=lambda row: (row.receivable_id,), item=lambda row: WaiverOut(**row._mapping))


@router.post(
    "/receivables/{receivable_id}/late-fee-waiver",
    policy=WRITE,
    raises=(
        waiving.ReceivableUnknown,
        waiving.UnknownReason,
        waiving.WaivedAlready,
        waiving.NothingToWaive,
        approvals.AskedAlready,
    ),
    responses=ASKED,
    response_model=WaivedOut,
    example=examples.WAIVER,
)
async def waive_late_fee(receivable_id: Id, body: WaiverIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Waive the late fee of a debt, charged or still growing, or some fen of it.

    202 where the policy wants two people: somebody else approves it (`/v1/approvals`).
    """
    async with db.begin() as tx:
        approval = await waiving.ask(
            tx,
            receivable_id,
            waived_fen=body.waived_fen,
            reason=body.reason,
            explanation=body.explanation,
            actor=caller.subject,
            sees=caller.may_see,
            policy=own.policy,
            rulebook=own.late_fees,
            today=own.today(),
        )
    return asked(approval) if approval else web.Json({"receivable_id": receivable_id, "status": "done"})
