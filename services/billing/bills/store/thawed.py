"""Proposals that a freeze kept from going out, once it has ended."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select

from services.billing.bills.domain.bills import PROPOSED
from services.billing.bills.tables import BILL, IS_IN_REVIEW
from services.billing.freezes import store as freezes_store
from services.billing.freezes.domain import Standing
from services.billing.review.domain import findings
from shared.db.engine import View


async def thawed(view: View, standing: Standing, limit: int) -> Sequence[Row[Any]]:
    """Return bills that are proposed because a freeze kept them from going out, of contracts of which none is kept any more.

    By contract and day. What is still kept is not among them: however much that is, what comes after it goes on.
    """
    b, other = BILL.c, BILL.alias("kept")
    frozen = freezes_store.keeps(view, standing, other.c)
    kept = and_(other.c.contract_no == b.contract_no, _is_for_freeze(other.c), frozen)
    found = select(BILL).where(IS_IN_REVIEW, _is_for_freeze(b), ~select(other.c.bill_id).where(kept).exists())
    return await view.all(found.order_by(b.contract_no, b.period_from).limit(limit))


def _is_for_freeze(bill: Any) -> ColumnElement[bool]:
    return and_(bill.status == PROPOSED, bill.findings.contains(f'"{findings.FROZEN}"'))
