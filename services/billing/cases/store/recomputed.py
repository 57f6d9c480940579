"""Charges and calculations of cases with what they were made from: for who calculates them again."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.billing.cases import tables
from services.billing.cases.domain.cases import FINDING
from shared.db import bulk
from shared.db.engine import View

CALCULATION, CHARGE, SIGNAL = tables.CASE_CALCULATION, tables.CASE_CHARGE, tables.CASE_SIGNAL


async def bills_of(view: View, **keys: Sequence[str]) -> dict[str, set[str]]:
    """Return by case the bills whose findings are signals of it; `keys`: by `case_no` or by `service_point_no`."""
    s = SIGNAL.c
    found: dict[str, set[str]] = {}
    for row in await bulk.select_in(view, SIGNAL, keys, columns=(s.case_no, s.reference), where=s.source == FINDING):
        if row.case_no and row.reference:
            found.setdefault(row.case_no, set()).add(row.reference)
    return found


async def charges_of(view: View, case_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the charges of cases, also those that were withdrawn, in the order of their numbers."""
    return await bulk.select_in(view, CHARGE, {"case_no": case_nos}, order_by=(CHARGE.c.charge_no,))


async def charges(view: View, charge_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return charges by their numbers."""
    return await bulk.select_in(view, CHARGE, {"charge_no": charge_nos})


async def charged_between(view: View, since: date, until: date) -> list[str]:
    """Return the charges of days, both included."""
    c = CHARGE.c
    of_months = c.cycle.in_(sorted({f"{since:%Y-%m}", f"{until:%Y-%m}"}))
    rows = await view.all(select(c.charge_no).where(of_months, c.issued_on.between(since, until)))
    return [row.charge_no for row in rows]


async def calculations(view: View, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Row[Any]]:
    """Return calculations by case and number."""
    keys: dict[str, Sequence[Any]] = {
        "case_no": [case_no for case_no, _ in wanted],
        "number": [number for _, number in wanted],
    }
    return {(row.case_no, row.number): row for row in await bulk.select_in(view, CALCULATION, keys)}
