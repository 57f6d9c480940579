"""The bills in force of contracts from a day on, and those of them that may go out."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Date, Row, and_, select

from services.billing.bills.domain.bills import EFFECTIVE
from services.billing.bills.store import told
from services.billing.bills.tables import BILL
from shared.db import columns, travel
from shared.db.engine import View


async def since(view: View, starts: Mapping[str, date]) -> dict[str, list[Row[Any]]]:
    """Return by contract its bills in force that have a day from a given one on, by period. The accounts are locked."""
    given = travel.relation(
        view, "starts", {"contract_no": (columns.No, list(starts)), "since": (Date(), list(starts.values()))}
    )
    b = BILL.c
    there = and_(b.contract_no == given.c.contract_no, b.period_to > given.c.since, b.status.in_(EFFECTIVE))
    wanted = [b[name] for name in (*told.COLUMNS, "findings", "row_version", "issue_on", "issued_on", "status")]
    rows = await view.all(select(*wanted).select_from(given.join(BILL, there)).order_by(b.contract_no, b.period_from))
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.contract_no, []).append(row)
    return found
