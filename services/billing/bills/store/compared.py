"""Bills that are not out yet, run by run, and what is found on them once their run is compared."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, literal, select, union, union_all

from services.billing.bills.domain.bills import HELD, LIFE, READY
from services.billing.bills.tables import BILL, IS_READY
from services.billing.review.domain.findings import Finding
from services.billing.review.domain.findings import with_more as with_findings
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View

_NAMES = (
    *("bill_id", "row_version", "status", "contract_no", "service_point_no", "route_no", "cycle", "usage_id"),
    *("period_from", "period_to", "energy_wh", "findings", "held_at", "account_no", "org_unit"),
)
_IS_HELD = BILL.c.status == literal(HELD, literal_execute=True)
Key = tuple[str, str]


async def tariffs(view: View, keys: Sequence[Key]) -> dict[Key, set[str]]:
    """Return, by run (route, cycle), the lists of tariff versions of its bills that are not out, as text."""
    b = BILL.c
    wanted = [_of_runs(view, keys, status, b.route_no, b.cycle, b.tariffs) for status in (IS_READY, _IS_HELD)]
    both = union(*wanted).subquery("not_out")
    found: dict[Key, set[str]] = {}
    for row in await view.all(select(both)):
        found.setdefault((row.route_no, row.cycle), set()).add(row.tariffs)
    return found


async def not_out(view: View, keys: Sequence[Key]) -> Sequence[Row[Any]]:
    """Return the ready and held bills of runs (route, cycle)."""
    names = [BILL.c[name] for name in _NAMES]
    both = union_all(*(_of_runs(view, keys, status, *names) for status in (IS_READY, _IS_HELD))).subquery("not_out")
    return await view.all(select(both).order_by(both.c.bill_id))


async def not_out_of(view: View, contract_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the ready and held bills of contracts."""
    b = BILL.c
    return await bulk.select_in(
        view,
        BILL,
        {"contract_no": contract_nos},
        columns=[b[name] for name in _NAMES],
        where=b.status.in_((READY, HELD)),
        order_by=(b.bill_id,),
    )


async def not_out_at(view: View, service_point_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return contract and first day of the ready and held bills at points."""
    b = BILL.c
    return await bulk.select_in(
        view,
        BILL,
        {"service_point_no": service_point_nos},
        columns=[b.contract_no, b.period_from],
        where=b.status.in_((READY, HELD)),
    )


async def add_findings(tx: Tx, found: Mapping[str, tuple[Row[Any], Sequence[Finding]]], *, hold: bool) -> None:
    """Write more findings to bills, by id, and with `hold` keep those that are ready; their accounts are locked."""
    rows = [row for row, _ in found.values()]
    await bulk.update_from(
        tx,
        BILL,
        {
            "bill_id": list(found),
            "row_version": [row.row_version + 1 for row in rows],
            "findings": [with_findings(row.findings, more) for row, more in found.values()],
            **({"status": [LIFE.target("compare")] * len(rows)} if hold else {}),
            **({"held_at": [row.held_at or tx.now for row in rows]} if hold else {}),
        },
        key=("bill_id",),
        where=BILL.c.status.in_(LIFE.sources("compare")),
    )


def _of_runs(view: View, keys: Sequence[Key], status: ColumnElement[bool], *names: ColumnElement[Any]) -> Select[Any]:
    given = travel.relation(
        view,
        "runs",
        {"route_no": (columns.No, [route for route, _ in keys]), "cycle": (columns.No, [cycle for _, cycle in keys])},
    )
    of_run = and_(BILL.c.route_no == given.c.route_no, BILL.c.cycle == given.c.cycle, status)
    return select(*names).select_from(given.join(BILL, of_run))
