"""Calculations and charges of cases, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, case, func, select, update

from services.billing.cases import tables
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

CALCULATION, CHARGE = tables.CASE_CALCULATION, tables.CASE_CHARGE
VERSIONS: Final = (CHARGE.c.hold_version,)
"""What is raised in a database that was restored: the holds that collection has heard of."""


async def add_calculation(tx: Tx, values: Mapping[str, Any]) -> None:
    """Write a calculation of a case."""
    await bulk.insert_rows(tx, CALCULATION, {**{name: [v] for name, v in values.items()}, "calculated_at": [tx.now]})


async def calculations(view: View, case_no: str, limit: int) -> Sequence[Row[Any]]:
    """Return the calculations of a case, in their order."""
    c = CALCULATION.c
    return await view.all(select(CALCULATION).where(c.case_no == case_no).order_by(c.number).limit(limit))


async def calculation(view: View, case_no: str, number: int) -> Row[Any] | None:
    """Return a calculation of a case."""
    c = CALCULATION.c
    return await view.first(select(CALCULATION).where(c.case_no == case_no, c.number == number))


async def last_number(view: View, case_no: str) -> int:
    """Return the number of the last calculation of a case, 0 where there is none; also of one that is charged and not known.

    After a restore a charge is adopted whose calculation was lost: its number is not used again.
    """
    of_known = select(func.max(CALCULATION.c.number)).where(CALCULATION.c.case_no == case_no).scalar_subquery()
    of_charged = select(func.max(CHARGE.c.calculation_number)).where(CHARGE.c.case_no == case_no).scalar_subquery()
    row = await view.first(select(of_known.label("known"), of_charged.label("charged")))
    assert row is not None
    return max(row.known or 0, row.charged or 0)


async def insert(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write charges that are issued."""
    await bulk.insert_rows(tx, CHARGE, {name: [row[name] for row in rows] for name in rows[0]})


async def of_case(view: View, case_no: str, limit: int) -> Sequence[Row[Any]]:
    """Return the charges of a case, first to last."""
    c = CHARGE.c
    order = (c.calculation_number, c.component)
    return await view.all(select(CHARGE).where(c.case_no == case_no).order_by(*order).limit(limit))


async def standing_of(view: View, account_nos: Sequence[str]) -> dict[str, str]:
    """Return the charges of accounts that are not withdrawn: by their number the account."""
    c = CHARGE.c
    columns, given = (c.charge_no, c.account_no), {"account_no": account_nos}
    rows = await bulk.select_in(view, CHARGE, given, columns=columns, where=c.withdrawn_on.is_(None))
    return {row.charge_no: row.account_no for row in rows}


async def charged(view: View, case_no: str, number: int) -> bool:
    """Return whether a calculation of a case was charged, also where that is withdrawn by now."""
    c = CHARGE.c
    of_it = select(c.charge_no).where(c.case_no == case_no, c.calculation_number == number)
    return await view.first(of_it.limit(1)) is not None


async def get(view: View, charge_no: str) -> Row[Any] | None:
    """Return a charge."""
    return await view.first(select(CHARGE).where(CHARGE.c.charge_no == charge_no))


async def locked(tx: Tx, charge_no: str) -> Row[Any] | None:
    """Return a charge, locked to the end of the unit of work."""
    return await tx.first(select(CHARGE).where(CHARGE.c.charge_no == charge_no).with_for_update())


async def change(tx: Tx, charge_no: str, **values: Any) -> None:
    """Write that a charge is withdrawn, or held."""
    await tx.execute(update(CHARGE).where(CHARGE.c.charge_no == charge_no).values(**values))


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    held_on: date | None = None,
    **equal: str | None,
) -> Sequence[Row[Any]]:
    """Return charges that have these values, in the order of their numbers."""
    c = CHARGE.c
    where = [visible(c.org_unit), after(c.charge_no)]
    where += [c[name] == value for name, value in equal.items() if value is not None]
    where += [c.held_until >= held_on] if held_on else []
    return await view.all(select(CHARGE).where(*where).order_by(c.charge_no).limit(limit))


async def totals(view: View, cycle: str) -> dict[str, int]:
    """Count and sum the charges of a cycle: those that stand, and those that were withdrawn."""
    c = CHARGE.c
    stands = c.withdrawn_on.is_(None)
    sums = {
        "charges_issued": case((stands, 1), else_=0),
        "charges_fen": case((stands, c.amount_fen), else_=0),
        "charges_withdrawn": case((stands, 0), else_=1),
        "charges_withdrawn_fen": case((stands, 0), else_=c.amount_fen),
    }
    wanted = select(*(func.coalesce(func.sum(one), 0).label(name) for name, one in sums.items()))
    row = await view.first(wanted.where(c.cycle == cycle))
    assert row is not None
    return {name: int(row._mapping[name]) for name in sums}
