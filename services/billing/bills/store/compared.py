"""Bills that are not out yet, run by run, and what is found on them once their run is compared."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, literal, select, union_all

from services.billing.bills.domain.bills import HELD, LIFE
from services.billing.bills.tables import BILL, IS_READY
from services.billing.contracts.store import contracts as contracts_store
from services.billing.review.domain.findings import Finding
from services.billing.review.domain.findings import with_more as with_findings
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View

_NAMES = (
    *("bill_id", "row_version", "status", "contract_no", "service_point_no", "route_no", "cycle", "usage_id"),
    *("period_from", "period_to", "energy_wh", "tariffs", "findings", "held_at"),
)
_IS_HELD = BILL.c.status == literal(HELD, literal_execute=True)


async def not_out(view: View, keys: Sequence[tuple[str, str]]) -> Sequence[Row[Any]]:
    """Return the ready and held bills of runs (route, cycle), with the first day of their contract and the account's facts."""
    given = travel.relation(
        view,
        "runs",
        {"route_no": (columns.No, [route for route, _ in keys]), "cycle": (columns.No, [cycle for _, cycle in keys])},
    )
    b, contract, account = BILL.c, contracts_store.contracts(), contracts_store.accounts()

    def of(status: ColumnElement[bool]) -> Any:
        of_run = and_(b.route_no == given.c.route_no, b.cycle == given.c.cycle, status)
        return select(
            *(b[name] for name in _NAMES), contract.c.from_date.label("contract_from"), account.c.facts
        ).select_from(
            given.join(BILL, of_run)
            .join(contract, contract.c.contract_no == b.contract_no)
            .join(account, account.c.account_no == contract.c.account_no)
        )

    both = union_all(of(IS_READY), of(_IS_HELD)).subquery("not_out")
    return await view.all(select(both).order_by(both.c.bill_id))


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
