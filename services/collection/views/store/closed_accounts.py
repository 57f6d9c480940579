"""Accounts that are closed and have money left, or owe something: what arrived after the end is listed until somebody decides."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, Select, and_, case, func, select

from services.collection.ledger.domain.documents import OPEN
from services.collection.ledger.tables import ACCOUNT, RECEIVABLE
from services.collection.settlements.domain import SETTLED
from services.collection.settlements.tables import SETTLEMENT
from shared.db.columns import Condition
from shared.db.engine import View

MONEY: Final = "money"
KEPT: Final = "kept"
DEBT: Final = "debt"
"""What is left: money that arrived after the end, just what two people have decided to keep, or a debt."""


def _left(on: date) -> Select[Any]:
    """Return the closed accounts on which something is left, with what it is; a reopened account is closed no more."""
    a, r, s = ACCOUNT.c, RECEIVABLE.c, SETTLEMENT.c
    owed = (
        select(func.coalesce(func.sum(r.outstanding_fen), 0))
        .where(r.account_no == a.account_no, r.status == OPEN)
        .correlate(ACCOUNT)
        .scalar_subquery()
    )
    kept = (
        select(func.coalesce(func.sum(s.kept_fen), 0))
        .where(s.account_no == a.account_no, s.state == SETTLED)
        .correlate(ACCOUNT)
        .scalar_subquery()
    )
    found = (
        select(
            *(a[name] for name in ("account_no", "org_unit", "closed_on", "moved_on", "prepaid_fen")),
            owed.label("outstanding_fen"),
            kept.label("kept_fen"),
        )
        .where(a.closed_on.is_not(None), a.closed_on <= on)
        .subquery()
    )
    f = found.c
    is_kept = and_(f.kept_fen > 0, f.prepaid_fen == f.kept_fen)
    code = case((f.outstanding_fen > 0, DEBT), (is_kept, KEPT), else_=MONEY)
    return select(*f, code.label("code")).where((f.prepaid_fen > 0) | (f.outstanding_fen > 0))


async def page(
    view: View, on: date, *, visible: Condition, after: Condition, limit: int, code: str | None
) -> Sequence[Row[Any]]:
    """List them by account, all or those of which one thing is left."""
    left = _left(on).subquery()
    where = [visible(left.c.org_unit), after(left.c.account_no)]
    where += [] if code is None else [left.c.code == code]
    return await view.all(select(left).where(*where).order_by(left.c.account_no).limit(limit))


async def gauges(view: View, on: date) -> Mapping[str, float]:
    """Return how many closed accounts have money that nobody has decided on, and how many owe something."""
    left = _left(on).subquery()
    rows = await view.all(select(left.c.code, func.count().label("n")).group_by(left.c.code))
    counts = {row.code: float(row.n) for row in rows}
    return {
        "closed_accounts_with_money": counts.get(MONEY, 0.0),
        "closed_accounts_with_debt": counts.get(DEBT, 0.0),
    }
