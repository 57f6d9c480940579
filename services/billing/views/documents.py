"""Documents that other services have too, one by one: usages of reading, bills and differences of collection, bills told of."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Row, Select, literal, select, union_all

from services.billing.adjustments import store as adjustments_store
from services.billing.adjustments.tables import ADJUSTMENT
from services.billing.bills.domain import bills
from services.billing.bills.store import bills as bills_store
from services.billing.bills.tables import BILL, DIFFERENCE
from services.billing.cases.store import charges as charges_store
from services.billing.cases.tables import CASE_CHARGE
from services.billing.supplies import store as supplies_store
from services.billing.usages.tables import USAGE
from shared import civil
from shared.db.engine import View
from shared.trace import Origin, TraceNode
from shared.web.state import ControlDocuments


async def usages(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the usages of a cycle behind an id, as reading told them."""
    u = USAGE.c
    return await view.all(
        select(
            u.usage_id.label("id"),
            u.service_point_no.label("subject"),
            u.import_wh.label("amount"),
            (~u.withdrawn).label("stands"),
        )
        .where(u.cycle == cycle, u.usage_id > after)
        .order_by(u.usage_id)
        .limit(limit)
    )


async def supplies_switched(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the supply orders that were carried out in a month behind a number, as reading told them."""
    return await supplies_store.documents(view, *civil.month(cycle), after=after, limit=limit)


async def issued(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the documents of a cycle behind an id that collection must have, of all four kinds, and whether they stand."""
    b, d, a = BILL.c, DIFFERENCE.c, ADJUSTMENT.c
    out = (bills.ISSUED, bills.ADJUSTED, bills.REVERSED)
    of_bills = _behind(
        select(
            b.bill_id.label("id"),
            b.account_no.label("subject"),
            b.total_fen.label("amount"),
            (b.status != bills.REVERSED).label("stands"),
            b.correction_id.is_not(None).label("corrects"),
        ).where(b.cycle == cycle, b.status.in_(out), ~b.by_difference),
        b.bill_id,
        after,
        limit,
    )
    of_differences = _behind(
        select(
            d.difference_id.label("id"),
            d.account_no.label("subject"),
            d.total_fen.label("amount"),
            literal(True).label("stands"),
            literal(True).label("corrects"),
        ).where(d.cycle == cycle),
        d.difference_id,
        after,
        limit,
    )
    of_adjustments = _behind(
        select(
            a.adjustment_id.label("id"),
            a.account_no.label("subject"),
            a.total_fen.label("amount"),
            literal(True).label("stands"),
            literal(False).label("corrects"),
        ).where(a.cycle == cycle),
        a.adjustment_id,
        after,
        limit,
    )
    c = CASE_CHARGE.c
    of_charges = _behind(
        select(
            c.charge_no.label("id"),
            c.account_no.label("subject"),
            c.amount_fen.label("amount"),
            c.withdrawn_on.is_(None).label("stands"),
            literal(False).label("corrects"),
        ).where(c.cycle == cycle),
        c.charge_no,
        after,
        limit,
    )
    each = (of_bills, of_differences, of_adjustments, of_charges)
    both = union_all(*(select(one.subquery()) for one in each)).subquery()
    return await view.all(select(both).order_by(both.c.id).limit(limit))


def _behind(statement: Select[Any], column: Any, after: str, limit: int) -> Select[Any]:
    return statement.where(column > after).order_by(column).limit(limit)


async def told(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the bills of a cycle behind an id that runs issued, of which customers are told."""
    b = BILL.c
    return await view.all(
        select(
            b.bill_id.label("id"),
            b.account_no.label("subject"),
            literal(0).label("amount"),
            literal(True).label("stands"),
        )
        .where(b.cycle == cycle, b.bill_id > after, b.issued_on.is_not(None), b.correction_id.is_(None))
        .order_by(b.bill_id)
        .limit(limit)
    )


async def of_no_contract(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the bills in force of a cycle behind an id on days that their contracts do not cover."""
    found = bills_store.of_no_contract(cycle).add_columns(literal(True).label("stands"))
    return await view.all(_behind(found, BILL.c.bill_id, after, limit))


async def adjustment_trace(view: View, adjustment_id: str) -> TraceNode | None:
    """Return an adjustment, with the bills whose prices it is paid by."""
    row = await adjustments_store.row(view, adjustment_id)
    if row is None:
        return None
    working = orjson.loads(row.working)
    origins = [Origin("billing", "bill", bill["bill_id"]) for bill in working.get("bills", ())]
    values = dict(row._mapping) | {"components": dict(orjson.loads(row.components)), "working": working}
    return TraceNode("billing", "adjustment", adjustment_id, values, tuple(origins), row.org_unit)


async def charge_trace(view: View, charge_no: str) -> TraceNode | None:
    """Return a charge of a case with the calculation that it follows from."""
    row = await charges_store.get(view, charge_no)
    if row is None:
        return None
    worked = await charges_store.calculation(view, row.case_no, row.calculation_number)
    working = None  # of one that was adopted after a restore nobody may know it
    if worked is not None:
        texts = {name: orjson.loads(worked._mapping[name]) for name in ("input", "figures", "items")}
        working = dict(worked._mapping) | texts
    values = {name: value for name, value in row._mapping.items() if name != "explanation"}
    values["working"] = working
    return TraceNode("billing", "charge", charge_no, values, (), row.org_unit)


KINDS: Final[Mapping[str, ControlDocuments]] = {
    "usage": usages,
    "document": issued,
    "bill": told,
    "uncovered": of_no_contract,
    "supply_switched": supplies_switched,
}
