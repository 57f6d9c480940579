"""Changes of rating documents that the bills follow, chunk by chunk."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select, update

from services.billing.tariffs.tables import RATING_CHANGE
from shared import ids
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View


async def record(tx: Tx, *, kind: str, document_id: str, version: str, from_: date, to: date) -> None:
    """Note that a document was put that holds, or held, on the days [from_, to)."""
    row = {
        "change_id": ids.new(),
        "kind": kind,
        "document_id": document_id,
        "version": version,
        "from_date": from_,
        "to_date": to,
        "after_contract": "",
        "contracts": 0,
        "changed_at": tx.now,
    }
    await bulk.insert_rows(tx, RATING_CHANGE, {name: [value] for name, value in row.items()})


async def next_open(tx: Tx) -> Row[Any] | None:
    """Lock the oldest change that is not followed to its end, unless somebody works on it, and return it."""
    c = RATING_CHANGE.c
    statement = select(RATING_CHANGE).where(c.followed_at.is_(None)).order_by(c.change_id).limit(1)
    return await tx.first(statement.with_for_update(skip_locked=True))


async def advance(tx: Tx, change: Row[Any], *, after_contract: str, contracts: int, more: bool) -> None:
    """Note how far a change is followed, and whether there is more."""
    values = {
        "after_contract": after_contract,
        "contracts": change.contracts + contracts,
        "followed_at": None if more else tx.now,
    }
    await tx.execute(update(RATING_CHANGE).where(RATING_CHANGE.c.change_id == change.change_id).values(values))


async def page(view: View, *, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """List the changes, oldest first."""
    c = RATING_CHANGE.c
    return await view.all(select(RATING_CHANGE).where(after(c.change_id)).order_by(c.change_id).limit(limit))
