"""Bills with all that they were made from, and what came of them: for who calculates them again."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.billing.bills.tables import BILL, BILL_DOCUMENT, CORRECTION
from shared.db import bulk, columns, travel
from shared.db.engine import View


async def whole(view: View, bill_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return bills with their documents by id."""
    given = travel.relation(view, "given", {"bill_id": (columns.No, sorted(set(bill_ids)))})
    document = (BILL_DOCUMENT.c.lines, BILL_DOCUMENT.c.context)
    joined = given.join(BILL, BILL.c.bill_id == given.c.bill_id).join(
        BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == BILL.c.bill_id
    )
    return {row.bill_id: row for row in await view.all(select(BILL, *document).select_from(joined))}


async def of_contract(view: View, contract_no: str) -> Sequence[Row[Any]]:
    """Return the bills of a contract, each with that whose place it took."""
    b = BILL.c
    wanted = select(b.bill_id, b.replaces).where(b.contract_no == contract_no)
    return await view.all(wanted.order_by(b.bill_id))


async def corrections_of(view: View, contract_no: str) -> Sequence[Row[Any]]:
    """Return the corrections of a contract, in the order of their days."""
    c = CORRECTION.c
    statement = select(CORRECTION).where(c.contract_no == contract_no).order_by(c.corrected_on, c.correction_id)
    return await view.all(statement)


async def corrections(view: View, ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return corrections by their ids."""
    return await bulk.select_in(view, CORRECTION, {"correction_id": ids}, order_by=(CORRECTION.c.correction_id,))


async def corrected_between(view: View, since: date, until: date) -> list[str]:
    """Return the corrections of days, both included."""
    c = CORRECTION.c
    rows = await view.all(select(c.correction_id).where(c.corrected_on.between(since, until)))
    return [row.correction_id for row in rows]


async def issued_of_run(view: View, route_no: str, cycle: str, issued_on: date) -> list[str]:
    """Return the bills of a run that went out on a day."""
    b = BILL.c
    statement = select(b.bill_id).where(b.route_no == route_no, b.cycle == cycle, b.issued_on == issued_on)
    return [row.bill_id for row in await view.all(statement)]
