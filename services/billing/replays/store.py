"""What became of documents that were drawn and calculated again."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, func, select

from services.billing.replays.tables import IS_FAILING, REPLAY
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

FAILING_MAX: Final = 500  # documents that are looked at again in one day; more have one cause


async def put(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write results in the place of those of the same documents before."""
    if not rows:
        return
    ids = [row["document_id"] for row in rows]
    old = {row.document_id: row.version for row in await bulk.select_in(tx, REPLAY, {"document_id": ids})}
    await bulk.delete_in(tx, REPLAY, {"document_id": ids})
    values: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    await bulk.insert_rows(tx, REPLAY, values | {"version": [old.get(one, 0) + 1 for one in ids]})


async def failing(view: View) -> list[str]:
    """Return the documents that came out otherwise when they were calculated again last, or could not be.

    Those that were looked at longest ago come first: where more fail than a day looks at, all of them have their turn.
    """
    longest_ago = REPLAY.c.business_date, REPLAY.c.document_id
    statement = select(REPLAY.c.document_id).where(IS_FAILING).order_by(*longest_ago).limit(FAILING_MAX)
    return [row.document_id for row in await view.all(statement)]


async def counts(view: View) -> dict[str, int]:
    """Count the documents by what came out last."""
    rows = await view.all(select(REPLAY.c.result, func.count().label("n")).group_by(REPLAY.c.result))
    return {row.result: int(row.n) for row in rows}


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, result: str | None
) -> Sequence[Row[Any]]:
    """List the documents that were drawn, by their id."""
    r = REPLAY.c
    statement = select(REPLAY).where(visible(r.org_unit), after(r.document_id))
    if result is not None:
        statement = statement.where(r.result == result)
    return await view.all(statement.order_by(r.document_id).limit(limit))
