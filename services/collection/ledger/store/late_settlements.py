"""What was settled late: how and when, and of which accounts that has changed since their late fees were calculated."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select

from services.collection.ledger.domain.documents import CLEARED, OPEN
from services.collection.ledger.tables import ALLOCATION, LATE_SETTLEMENT, RECEIVABLE
from shared.db import bulk, travel
from shared.db.engine import Tx, View


async def note(tx: Tx, account_nos: Sequence[str]) -> None:
    """Note that the late fees of these accounts are to be calculated again. The accounts are locked."""
    columns = {"account_no": account_nos, "since": [tx.now] * len(account_nos)}
    await bulk.insert_ignore(tx, LATE_SETTLEMENT, columns, key=("account_no",))


async def noted(view: View, *, first: str = "", last: str | None = None) -> list[str]:
    """Return the accounts, in order, whose late fees are to be calculated again."""
    number = LATE_SETTLEMENT.c.account_no
    where = [number >= first, *(() if last is None else (number <= last,))]
    return [row.account_no for row in await view.all(select(number).where(*where).order_by(number))]


async def among(view: View, account_nos: Sequence[str]) -> set[str]:
    """Return which of these accounts have late fees that are to be calculated again."""
    rows = await bulk.select_in(view, LATE_SETTLEMENT, {"account_no": account_nos})
    return {row.account_no for row in rows}


async def gauges(view: View, now: datetime) -> dict[str, float]:
    """Return for how long the late fees of an account have been waiting to be calculated, at the longest."""
    since = await view.scalar(select(func.min(LATE_SETTLEMENT.c.since)))
    return {"late_fees_oldest_age_seconds": 0.0 if since is None else max((now - since).total_seconds(), 0.0)}


async def done(tx: Tx, account_nos: Sequence[str]) -> None:
    """Note that the late fees of these accounts are calculated. The accounts are locked."""
    await bulk.delete_in(tx, LATE_SETTLEMENT, {"account_no": account_nos})


async def debts(
    view: View, account_nos: Sequence[str], *, kinds: Sequence[str], due_from: date, owed: bool = False
) -> Sequence[Row[Any]]:
    """Return debts of these kinds that were settled after their due date; or those that are `owed`."""
    r = RECEIVABLE.c
    state = r.status == OPEN if owed else (r.status == CLEARED) & (r.cleared_on > r.due_on)
    names = (
        "receivable_id",
        "account_no",
        "document_kind",
        "document_id",
        "service_point_no",
        "route_no",
        "cycle",
        "due_on",
    )
    return await bulk.select_in(
        view,
        RECEIVABLE,
        {"account_no": account_nos},
        columns=(*(r[name] for name in names), r.customer_class, r.cleared_on, r.outstanding_fen),
        where=r.document_kind.in_(kinds) & (r.due_on >= due_from) & (r.amount_fen > 0) & state,
        order_by=(r.account_no, r.due_on, r.receivable_id),
    )


async def paid(view: View, receivable_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return when how much of debts was settled (`receivable_id`, `made_on`, `fen`), without what was released again."""
    if not receivable_ids:
        return []
    a = ALLOCATION.c
    given = travel.relation_for(view, ALLOCATION, {"receivable_id": receivable_ids})
    by_day = (
        select(
            a.receivable_id,
            a.made_on,
            func.sum(a.amount_fen).label("fen"),
            func.sum(func.sum(a.amount_fen)).over(partition_by=(a.receivable_id, a.credit_id)).label("kept_fen"),
        )
        .select_from(ALLOCATION.join(given, a.receivable_id == given.c.receivable_id))
        .group_by(a.receivable_id, a.credit_id, a.made_on)
        .subquery()
    )
    b = by_day.c
    return await view.all(
        select(b.receivable_id, b.made_on, func.sum(b.fen).label("fen"))
        .where(b.kept_fen != 0)
        .group_by(b.receivable_id, b.made_on)
        .having(func.sum(b.fen) != 0)
        .order_by(b.receivable_id, b.made_on)
    )


async def of_cycles(view: View, places: Sequence[tuple[str, str]]) -> list[str]:
    """Return the accounts, in order, of what was billed of service points in cycles and settled late."""
    r = RECEIVABLE.c
    keys = {"service_point_no": [point for point, _ in places], "cycle": [cycle for _, cycle in places]}
    rows = await bulk.select_in(view, RECEIVABLE, keys, columns=(r.account_no,), where=r.cleared_on > r.due_on)
    return sorted({row.account_no for row in rows})
