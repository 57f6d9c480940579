"""The money that settles receivables, and what of it settled which."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from services.collection.ledger import tables
from shared.db.engine import View

ALLOCATION, CREDIT = tables.ALLOCATION, tables.CREDIT
TRACED_MAX = 1000  # allocations of one payment: years of debts of one customer are some dozens


def unallocated_fen(credit_id: ColumnElement[str]) -> ColumnElement[int]:
    """Return, for a statement over other rows, what of the credit with this id settles nothing yet; 0 without a credit."""
    found = select(CREDIT.c.unallocated_fen).where(CREDIT.c.credit_id == credit_id).scalar_subquery()
    return func.coalesce(found, 0)


async def allocations(view: View, *, credit_id: str) -> Sequence[Row[Any]]:
    """Return the allocations of a credit, releases included, in the order in which they were made."""
    return await view.all(
        select(ALLOCATION)
        .where(ALLOCATION.c.credit_id == credit_id)
        .order_by(ALLOCATION.c.allocation_id)
        .limit(TRACED_MAX)
    )
