"""First usages, as routes counted them, beside those of the same points before: one statement each."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, and_, or_, select

from services.billing.contracts.store import contracts as contracts_store
from services.billing.usages.tables import USAGE
from shared.db import columns, travel
from shared.db.engine import View


def _is_counted(usage: Any) -> ColumnElement[bool]:
    """Return the condition that a usage is one that its route counted."""
    return and_(usage.version == 1, ~usage.late, ~usage.withdrawn)


def _is_of_route(usage: Any, route_no: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a usage of a point is one of a route; the point alone is looked up by.

    By the index of runs the usages of the whole route would be read for each point.
    """
    unindexed: ColumnElement[str] = usage.route_no.concat("")
    return unindexed == route_no


async def of_runs(view: View, dates: Sequence[tuple[str, date, str]]) -> Sequence[Row[Any]]:
    """Return the first usages of (route, read date, its cycle), with the one before of the same point and route.

    Beside them the contract that covers each and the facts of its account, as text, None where none does.
    """
    given = travel.relation(
        view,
        "runs",
        {
            "route_no": (columns.No, [route for route, _, _ in dates]),
            "read_date": (Date(), [day for _, day, _ in dates]),
            "cycle": (columns.No, [cycle for _, _, cycle in dates]),
        },
    )
    u, before = USAGE.c, USAGE.alias("before")
    contract, account = contracts_store.contracts(), contracts_store.accounts()
    matches = and_(
        u.route_no == given.c.route_no, u.cycle == given.c.cycle, u.read_date == given.c.read_date, _is_counted(u)
    )
    precedes = and_(
        before.c.service_point_no == u.service_point_no,
        before.c.period_to == u.period_from,
        _is_of_route(before.c, u.route_no),
        _is_counted(before.c),
    )
    covers = and_(
        contract.c.service_point_no == u.service_point_no,
        ~contract.c.annulled,
        contract.c.from_date <= u.period_from,
        or_(contract.c.to_date.is_(None), contract.c.to_date >= u.period_to),
    )
    names = ("route_no", "cycle", "service_point_no", "period_from", "period_to", "import_wh")
    statement = (
        select(
            *(u[name] for name in names),
            before.c.import_wh.label("before_wh"),
            before.c.period_from.label("before_from"),
            contract.c.contract_no,
            contract.c.from_date.label("contract_from"),
            account.c.facts,
        )
        .select_from(
            given.join(USAGE, matches)
            .outerjoin(before, precedes)
            .outerjoin(contract, covers)
            .outerjoin(account, account.c.account_no == contract.c.account_no)
        )
        .order_by(u.route_no, u.cycle, u.service_point_no, u.period_from, before.c.period_from)
    )
    return await view.all(statement)


async def before(view: View, wanted: Collection[tuple[str, str, date]]) -> dict[tuple[str, date], tuple[int, int]]:
    """Return the Wh and days of the first usages of (point, route) that end on a day, by point and day."""
    given = travel.relation(
        view,
        "wanted",
        {
            "service_point_no": (columns.No, [point for point, _, _ in wanted]),
            "route_no": (columns.No, [route for _, route, _ in wanted]),
            "day": (Date(), [day for _, _, day in wanted]),
        },
    )
    u = USAGE.c
    ends = and_(
        u.service_point_no == given.c.service_point_no,
        _is_of_route(u, given.c.route_no),
        u.period_to == given.c.day,
        _is_counted(u),
    )
    rows = await view.all(
        select(u.service_point_no, u.period_from, u.period_to, u.import_wh)
        .select_from(given.join(USAGE, ends))
        .order_by(u.service_point_no, u.period_to, u.period_from)
    )
    return {
        (row.service_point_no, row.period_to): (row.import_wh, (row.period_to - row.period_from).days) for row in rows
    }
