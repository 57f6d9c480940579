"""What spans the capabilities of billing: control totals and gauges. Only read."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, func, select, union_all

from services.billing.bills.domain import bills
from services.billing.bills.tables import BILL, DIFFERENCE, IS_IN_REVIEW
from services.billing.runs import domain as runs
from services.billing.runs import store as runs_store
from services.billing.runs.tables import BILL_RUN
from services.billing.usages.tables import USAGE
from shared.db.engine import View


async def control_totals(view: View, cycle: str) -> dict[str, int]:
    """Count what billing has of a cycle, for the reconciliation with the other services."""
    u, b = USAGE.c, BILL.c
    usages = await view.first(
        select(
            func.count().label("usages"),
            func.coalesce(func.sum(case((u.version == 1, 1), else_=0)), 0).label("usages_version_1"),
            func.coalesce(func.sum(case((u.version == 1, u.import_wh), else_=0)), 0).label("sum_wh_version_1"),
            func.coalesce(func.sum(case((u.waiting_for != "", 1), else_=0)), 0).label("usages_waiting"),
        ).where(u.cycle == cycle)
    )
    assert usages is not None
    rows = await view.all(
        select(b.status, func.count().label("n"), func.sum(b.total_fen).label("fen"))
        .where(b.cycle == cycle)
        .group_by(b.status)
    )
    first = await view.scalar(
        select(func.count())
        .select_from(BILL)
        .where(b.cycle == cycle, b.issued_on.is_not(None), b.correction_id.is_(None))
    )
    documents_issued, documents_fen = await _documents(view, cycle)
    count, fen = {r.status: int(r.n) for r in rows}, {r.status: int(r.fen) for r in rows}
    return {
        **{name: int(value) for name, value in usages._mapping.items()},
        "usages_rated": int(usages.usages) - int(usages.usages_waiting),
        **{f"bills_{status}": count.get(status, 0) for status in bills.LIFE.states},
        "bills_issued_first": int(first or 0),
        "periods_cancelled": await _periods_cancelled(view, cycle),
        "documents_issued": documents_issued,
        "documents_fen": documents_fen,
        "issued_fen": fen.get(bills.ISSUED, 0),
        "reversed_fen": fen.get(bills.REVERSED, 0),
    }


async def _documents(view: View, cycle: str) -> tuple[int, int]:
    """Count and sum what the customers of a cycle hold: bills that stand and are documents of their own, and differences."""
    b, d = BILL.c, DIFFERENCE.c
    standing = select(b.total_fen).where(
        b.cycle == cycle, b.status.in_((bills.ISSUED, bills.ADJUSTED)), ~b.by_difference
    )
    both = union_all(standing, select(d.total_fen).where(d.cycle == cycle)).subquery()
    row = await view.first(select(func.count().label("n"), func.coalesce(func.sum(both.c.total_fen), 0).label("fen")))
    assert row is not None
    return int(row.n), int(row.fen)


async def _periods_cancelled(view: View, cycle: str) -> int:
    """Count the periods of a cycle that were billed and have no bill in force any more."""
    b = BILL.c
    in_force = func.sum(case((b.status.in_(bills.EFFECTIVE), 1), else_=0))
    without = select(b.contract_no).where(b.cycle == cycle).group_by(b.contract_no, b.period_from, b.period_to)
    count = await view.scalar(select(func.count()).select_from(without.having(in_force == 0).subquery()))
    return int(count or 0)


async def gauges(view: View, now: datetime) -> Mapping[str, float]:
    """Return the gauges of the review queue and of the T+1 clock (抄表次日)."""
    b, r = BILL.c, BILL_RUN.c
    held = await view.scalar(select(func.count()).select_from(BILL).where(IS_IN_REVIEW))
    oldest = await view.scalar(select(func.min(b.held_at)).where(IS_IN_REVIEW))
    closed = await view.scalar(select(func.min(r.closed_at)).where(r.status != runs.RELEASED, r.closed_at.is_not(None)))
    switch = await runs_store.switch(view)
    return {
        "bills_held": float(held or 0),
        "review_oldest_age_seconds": _age(now, oldest),
        "runs_unreleased_oldest_age_seconds": _age(now, closed),
        "release_stopped": float(bool(switch and switch.stopped)),
    }


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
