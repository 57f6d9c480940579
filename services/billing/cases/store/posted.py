"""Charges as they are posted elsewhere, and the cases that they can be of."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.billing.cases import tables
from shared.db import bulk
from shared.db.engine import Tx

CALCULATION, CASE, CHARGE = tables.CASE_CALCULATION, tables.CASE_FILE, tables.CASE_CHARGE


async def cases_at(tx: Tx, points: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the cases at some points, locked."""
    given = {"service_point_no": sorted(set(points))}
    return await bulk.select_in(tx, CASE, given, order_by=(CASE.c.case_no,), for_update=True)


async def calculations_of(tx: Tx, case_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return all calculations of cases, first to last."""
    order = (CALCULATION.c.case_no, CALCULATION.c.number)
    return await bulk.select_in(tx, CALCULATION, {"case_no": case_nos}, order_by=order)


async def put(tx: Tx, new: Sequence[Mapping[str, Any]], known: Sequence[Mapping[str, Any]]) -> None:
    """Write charges as they are posted: new ones, and what those that are known are otherwise."""
    if new:
        await bulk.insert_rows(tx, CHARGE, {name: [row[name] for row in new] for name in new[0]})
    if known:
        columns: dict[str, list[Any]] = {name: [row[name] for row in known] for name in known[0]}
        await bulk.update_from(tx, CHARGE, columns, key=("charge_no",))
