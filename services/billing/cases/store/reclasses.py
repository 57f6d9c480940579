"""Changes of class that cases ended with, in and out: every function is one statement."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row, select, update

from services.billing.cases import tables
from shared.db import bulk
from shared.db.engine import Tx, View

RECLASS = tables.CASE_RECLASS


async def add(tx: Tx, values: Mapping[str, Any]) -> None:
    """Write a change of class that is asked for or done."""
    await bulk.insert_rows(tx, RECLASS, {name: [value] for name, value in values.items()})


async def asked(view: View, approval_id: str) -> Row[Any] | None:
    """Return the change of class that an approval is about; None where it is no case's."""
    return await view.first(select(RECLASS).where(RECLASS.c.approval_id == approval_id))


async def done(tx: Tx, case_no: str, row_version: int, *, on: date, touched: str) -> None:
    """Note the day on which a change of class was made, and the issued bills that it touched."""
    c = RECLASS.c
    mine = update(RECLASS).where(c.case_no == case_no, c.row_version == row_version)
    await tx.execute(mine.values(done_on=on, touched=touched))
