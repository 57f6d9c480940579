"""Bills as the API shows them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import FromClause, Row, Select, and_, func, or_, select

from services.billing.bills.domain.bills import EFFECTIVE, HELD, PROPOSED
from services.billing.bills.tables import BILL, BILL_DOCUMENT, IS_IN_REVIEW, IS_READY
from services.billing.contracts.store import contracts as contracts_store
from services.billing.freezes import store as freezes_store
from services.billing.freezes.domain import Standing
from services.billing.review import store as review_store
from shared.db.columns import Condition
from shared.db.engine import View


async def bill(view: View, bill_id: str) -> Row[Any] | None:
    """Return a bill's head with its document."""
    joined = BILL.join(BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == BILL.c.bill_id)
    document = (BILL_DOCUMENT.c.lines, BILL_DOCUMENT.c.context, BILL_DOCUMENT.c.calculated_at)
    return await view.first(select(BILL, *document).select_from(joined).where(BILL.c.bill_id == bill_id))


async def replaced_by(view: View, bill_id: str, contract_no: str) -> str | None:
    """Return the bill version that took the place of another."""
    later: str | None = await view.scalar(
        select(BILL.c.bill_id)
        .where(BILL.c.contract_no == contract_no, BILL.c.replaces == bill_id)
        .order_by(BILL.c.version.desc())
        .limit(1)
    )
    return later


async def of_contract(view: View, row: Row[Any], *, since: str) -> Sequence[Row[Any]]:
    """Return the bills of a bill's contract, of any status, from a cycle on to its own, and those that share a day with it."""
    b = BILL.c
    in_time = and_(b.cycle >= since, b.cycle <= row.cycle)
    shares = and_(b.period_from < row.period_to, b.period_to > row.period_from)
    own = select(BILL).where(b.contract_no == row.contract_no, or_(in_time, shares))
    return await view.all(own.order_by(b.period_from, b.period_to, b.version))


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    account_no: str | None,
    route_no: str | None,
    cycle: str | None,
    status: str | None,
) -> Sequence[Row[Any]]:
    """List bill versions, of an account, a route, a cycle or a status, in the order of their making."""
    b = BILL.c
    statement = select(BILL).where(visible(b.org_unit), after(b.bill_id))
    if account_no is not None:
        statement = statement.where(b.contract_no.in_(contracts_store.numbers_of(account_no)))
    for column, value in ((b.route_no, route_no), (b.cycle, cycle), (b.status, status)):
        if value is not None:
            statement = statement.where(column == value)
    return await view.all(statement.order_by(b.bill_id).limit(limit))


async def frozen(
    view: View, standing: Standing, *, visible: Condition, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """List the bills, ready or in review, that freezes keep from going out, in the order of their ids."""
    b = BILL.c
    waiting = or_(IS_READY, IS_IN_REVIEW)
    kept = select(BILL).where(visible(b.org_unit), after(b.bill_id), waiting, freezes_store.keeps(view, standing, b))
    return await view.all(kept.order_by(b.bill_id).limit(limit))


async def now_of_period(view: View, own: Row[Any]) -> Row[Any] | None:
    """Return id, status and row version of the bill that is in force or proposed for the period of a bill."""
    b = BILL.c
    return await view.first(
        select(b.bill_id, b.status, b.row_version)
        .where(
            b.contract_no == own.contract_no,
            b.period_from == own.period_from,
            b.period_to == own.period_to,
            b.status.in_((*EFFECTIVE, PROPOSED)),
        )
        .order_by(b.version.desc())
        .limit(1)
    )


async def reviewed_of_cycle(view: View, cycle: str) -> dict[str, date]:
    """Return by route the last business date on which a bill of a cycle was held that is held no more."""
    b = BILL.c
    last = select(b.route_no, func.max(b.reviewed_on).label("day")).where(b.cycle == cycle, b.status != HELD)
    return {row.route_no: row.day for row in await view.all(last.group_by(b.route_no)) if row.day}


def versions() -> FromClause:
    """Return all versions of bills, to be joined by id, or by contract and period."""
    return BILL


def bills_of_cycle(cycle: str) -> Select[Any]:
    """Return the statement for the bills of a cycle, as `bill_id` and `route_no`."""
    return select(BILL.c.bill_id, BILL.c.route_no).where(BILL.c.cycle == cycle)


async def held_of_cycle(view: View, cycle: str) -> dict[str, int]:
    """Count by route the bills of a cycle that wait for a reviewer and were not issued."""
    b = BILL.c
    rows = await view.all(
        select(b.route_no, func.count().label("n")).where(b.cycle == cycle, b.status == HELD).group_by(b.route_no)
    )
    return {row.route_no: row.n for row in rows}


async def assigned_of_cycle(view: View, cycle: str) -> dict[str, str]:
    """Return by route whose most of its held bills of a cycle are, of those that are somebody's."""
    b, own = BILL.c, review_store.assignments()
    held = BILL.join(own, own.c.bill_id == b.bill_id)
    counted = select(b.route_no, own.c.assignee).select_from(held).where(b.cycle == cycle, b.status == HELD)
    most_last = counted.group_by(b.route_no, own.c.assignee).order_by(func.count(), own.c.assignee.desc())
    return {row.route_no: row.assignee for row in await view.all(most_last)}


async def held_of_runs(view: View) -> dict[tuple[str, str], int]:
    """Count by run, as (route, cycle), the bills that wait for a reviewer and were not issued."""
    b = BILL.c
    counted = select(b.route_no, b.cycle, func.count().label("n")).where(IS_IN_REVIEW, b.status == HELD)
    return {(row.route_no, row.cycle): row.n for row in await view.all(counted.group_by(b.route_no, b.cycle))}


async def count_of_run(view: View, route_no: str, cycle: str) -> dict[str, int]:
    """Count the bills of a run by status."""
    b = BILL.c
    counted = await view.all(
        select(b.status, func.count().label("n")).where(b.route_no == route_no, b.cycle == cycle).group_by(b.status)
    )
    return {row.status: row.n for row in counted}
