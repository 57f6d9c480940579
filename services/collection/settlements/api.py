"""Routes of settlements."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from services.collection.context import READ, WRITE, Id, Own
from services.collection.ledger.schemas import Fen
from services.collection.ledger.use_cases import commands
from services.collection.settlements import examples, store
from services.collection.settlements.use_cases import late
from shared import approvals, web
from shared.fields import Words
from shared.web import auth, pagination
from shared.web.approvals import ASKED, asked
from shared.web.batch import In

router = web.Router("/v1", tags=["settlements"])


class SettlementOut(BaseModel):
    """The money of an account that a closing has ended (销户结算)."""

    closing_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    ended_on: date
    billed_on: date
    bill_id: str
    state: Literal["waiting", "asked", "settled"] = Field(description="`asked`: a second person decides on the payout")
    waits_for: Literal["", "bill", "debt", "dispute", "late_fee"]
    settled_on: date | None
    paid_out_fen: Fen
    kept_fen: Fen
    decided_by: str | None


@router.get("/settlements", policy=READ)
async def list_settlements(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    settlement_state: Annotated[Literal["waiting", "asked", "settled"] | None, Query(alias="state")] = None,
) -> pagination.Page[SettlementOut]:
    """List the settlements of accounts that closings have ended, and what they wait for."""
    async with db.view() as view:
        rows = await store.page(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, state=settlement_state
        )
    names = SettlementOut.model_fields
    return wanted.page(
        rows,
        key=lambda row: (row.closing_no,),
        item=lambda row: SettlementOut(**{name: row._mapping[name] for name in names}),
    )


class PayoutIn(In):
    explanation: Words = Field(max_length=1000, description="where the money comes from, and to whom it goes back")


@router.post(
    "/closed-accounts/{account_no}/payout",
    policy=WRITE,
    raises=(commands.AccountUnknown, late.NothingLeft, approvals.AskedAlready),
    responses=ASKED,
    status_code=202,
    example=examples.PAYOUT,
)
async def ask_payout(account_no: Id, body: PayoutIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Ask a second person to pay out what is left on a closed account; whatever its amount, it needs two."""
    async with db.begin() as tx:
        found = await late.ask(
            tx,
            account_no,
            explanation=body.explanation,
            actor=caller.subject,
            sees=caller.may_see,
            policy=own.policy,
            today=own.today(),
        )
    return asked(found)
