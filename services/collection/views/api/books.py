"""Routes over all capabilities."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from services.collection.context import READ, READ_ALL, Own
from services.collection.ledger.schemas import Fen
from services.collection.views.store import closed_accounts, invariants
from shared import web
from shared.web import auth, pagination

router = web.Router("/v1", tags=["books"])


class InvariantOut(BaseModel):
    name: str
    left_fen: Fen
    right_fen: Fen
    holds: bool


class InvariantsOut(BaseModel):
    holds: bool
    invariants: list[InvariantOut]


@router.get("/invariants", policy=READ_ALL)
async def get_invariants(db: web.Db, own: Own) -> InvariantsOut:
    """Return each invariant of the books with its two numbers."""
    async with db.view() as view:
        found = await invariants.invariants(view, own.policy)
    pairs = [
        InvariantOut(name=name, left_fen=left, right_fen=right, holds=left == right)
        for name, (left, right) in found.items()
    ]
    return InvariantsOut(holds=all(one.holds for one in pairs), invariants=pairs)


LeftCode = Literal["money", "kept", "debt"]


class ClosedAccountOut(BaseModel):
    """A closed account on which something is left."""

    account_no: str
    org_unit: str
    closed_on: date
    moved_on: date | None = Field(description="the last day of which anything moved")
    code: LeftCode = Field(
        description="`money`: it arrived after the end, and waits to be paid out or for the account to be opened again; `kept`: "
        "two people have decided not to pay it out; `debt`: a correction or a bounced payment is owed"
    )
    prepaid_fen: Fen
    outstanding_fen: Fen
    kept_fen: Fen


@router.get("/closed-accounts", policy=READ)
async def list_closed_accounts(
    caller: auth.Current, db: web.Db, own: Own, wanted: pagination.Query_, code: LeftCode | None = None
) -> pagination.Page[ClosedAccountOut]:
    """List closed accounts on which money is left, or which owe something."""
    async with db.view() as view:
        rows = await closed_accounts.page(
            view, own.today(), visible=caller.visible, after=wanted.after, limit=wanted.fetch, code=code
        )
    return wanted.page(rows, key=lambda row: (row.account_no,), item=lambda row: ClosedAccountOut(**dict(row._mapping)))
