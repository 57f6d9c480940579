"""Routes over all capabilities."""

from pydantic import BaseModel

from services.collection.context import READ_ALL, Own
from services.collection.ledger.schemas import Fen
from services.collection.views.store import invariants
from shared import web

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
