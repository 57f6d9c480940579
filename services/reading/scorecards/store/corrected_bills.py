"""What billing has corrected, in and out: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from services.reading.scorecards import tables
from shared.db import bulk
from shared.db.engine import Tx, View
from shared.events.billing import BillCorrected

CORRECTED_BILL = tables.CORRECTED_BILL


async def keep(tx: Tx, corrected: Sequence[tuple[BillCorrected, str, date, int]]) -> None:
    """Keep by how much corrections have changed the bills of points that ended on days; what is known changes nothing."""
    columns: dict[str, list[Any]] = {
        "correction_id": [fact.correction_id for fact, *_ in corrected],
        "service_point_no": [point for _, point, *_ in corrected],
        "day": [day for *_, day, _ in corrected],
        "corrected_on": [fact.corrected_on for fact, *_ in corrected],
        "reason": [fact.reason for fact, *_ in corrected],
        "amount_fen": [amount for *_, amount in corrected],
    }
    await bulk.insert_ignore(tx, CORRECTED_BILL, columns, key=("correction_id", "service_point_no", "day"))


async def between(view: View, since: date, before: date, *, from_fen: int) -> Sequence[Row[Any]]:
    """Return the bills that were corrected by a sum from a day on and before another."""
    row = CORRECTED_BILL.c
    return await view.all(
        select(CORRECTED_BILL)
        .where(row.corrected_on >= since, row.corrected_on < before)
        .where(func.abs(row.amount_fen) >= from_fen)
        .order_by(row.corrected_on, row.correction_id, row.service_point_no, row.day)
    )
