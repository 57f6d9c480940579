"""Who had a hand in what was measured on the days of bills, and may not decide on them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from services.billing.review import store as review_store
from services.billing.usages.store import actors
from shared.db.engine import Tx, View


async def of(view: View, rows: Sequence[Row[Any]]) -> dict[str, list[str]]:
    """Return, by bill, who had a hand in what it rests on, or in what was measured on its days before."""
    return await actors.of_days(
        view, {row.bill_id: (row.service_point_no, row.period_from, row.period_to) for row in rows}
    )


async def note(tx: Tx, rows: Sequence[Row[Any]]) -> None:
    """Record them of bills that need a decision now."""
    if rows:
        await review_store.add_readers(tx, list((await of(tx, rows)).items()))
