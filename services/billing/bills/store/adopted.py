"""Bills as they are posted elsewhere, in and out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, update

from services.billing.bills.tables import BILL, BILL_DOCUMENT
from shared.db import bulk
from shared.db.engine import Tx

NO_LINES: Final = "[]"


async def by_id(tx: Tx, bill_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return bills by id; their account is locked."""
    return {row.bill_id: row for row in await bulk.select_in(tx, BILL, {"bill_id": bill_ids})}


async def put(tx: Tx, row: Row[Any], values: Mapping[str, Any], *, lines: str | None = None) -> None:
    """Write what a bill is posted as."""
    changed = update(BILL).where(BILL.c.bill_id == row.bill_id)
    await tx.execute(changed.values(row_version=row.row_version + 1, **values))
    if lines is not None:
        await tx.execute(update(BILL_DOCUMENT).where(BILL_DOCUMENT.c.bill_id == row.bill_id).values(lines=lines))


async def insert(tx: Tx, values: Mapping[str, Any]) -> None:
    """Insert a bill that is posted and was not known, without lines."""
    await bulk.insert_rows(tx, BILL, {name: [value] for name, value in values.items()})
    document = {"bill_id": values["bill_id"], "lines": NO_LINES, "context": "{}", "calculated_at": tx.now}
    await bulk.insert_rows(tx, BILL_DOCUMENT, {name: [value] for name, value in document.items()})
