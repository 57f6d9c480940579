"""The bills in force of contracts from a day on, and those of them that may go out."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Date, Row, and_, func, select

from services.billing.bills.domain.bills import EFFECTIVE, HELD, ISSUED, PROPOSED, READY
from services.billing.bills.store import told
from services.billing.bills.tables import BILL
from shared.db import bulk, columns, travel
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


async def issued_through(view: View, contract_nos: Sequence[str]) -> dict[str, date]:
    """Return through which day contracts are billed by issued bills; none of those of which a bill in force is not out."""
    given = travel.relation(view, "contracts", {"contract_no": (columns.No, list(contract_nos))})
    b = BILL.c
    there = and_(b.contract_no == given.c.contract_no, b.status.in_(EFFECTIVE))
    rows = await view.all(
        select(b.contract_no, func.max(b.period_to).label("through"))
        .select_from(given.join(BILL, there))
        .group_by(b.contract_no)
        .having(func.count().filter(b.status != ISSUED) == 0)
    )
    return {row.contract_no: row.through for row in rows}


async def not_out(view: View, contract_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the bills of contracts that are ready, held or proposed as corrections, by period."""
    b = BILL.c
    columns, is_not_out = (b.contract_no, b.status, b.period_from, b.period_to), b.status.in_((READY, HELD, PROPOSED))
    given, order = {"contract_no": contract_nos}, (b.contract_no, b.period_from, b.version)
    return await bulk.select_in(view, BILL, given, columns=columns, where=is_not_out, order_by=order)
