"""The journal: facts written in the transaction of the change that they tell of, in the form in which they will be sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select

from shared import correlation, ids
from shared.db import bulk, platform, travel
from shared.db.connection import View, Write
from shared.events import catalogue, envelope
from shared.events.fact import Fact

_JOURNAL = platform.TABLES.event_journal
_PENDING = platform.TABLES.journal_pending
REPUBLISH_BATCH = 1000  # positions put back in one unit of work


async def append(tx: Write, publications: Sequence[Sequence[Fact]]) -> bool:
    """Append the publications in order, with a pointer for the relay to each event; False where there are none."""
    packed = [(type(facts[0]), event) for facts in publications for event in envelope.pack(facts)]
    if not packed:
        return False
    given = travel.relation_for(
        tx,
        _JOURNAL,
        {
            "event_id": [ids.new() for _ in packed],
            "topic": [catalogue.topic_for(kind) for kind, _ in packed],
            "partition": [event.partition for _, event in packed],
            "type": [kind.type for kind, _ in packed],
            "payload": [event.payload for _, event in packed],
            "traceparent": [correlation.traceparent()] * len(packed),
            "created_at": [tx.now] * len(packed),
            "position": range(len(packed)),  # only the order of insertion: the database gives the positions
        },
    )
    written = [column for column in given.c if column.name != "position"]
    rows = await tx.all(
        insert(_JOURNAL)
        .from_select([c.name for c in written], select(*written).order_by(given.c.position), include_defaults=False)
        .returning(_JOURNAL.c.position)
    )
    await bulk.insert_rows(tx, _PENDING, {"position": [row.position for row in rows]})
    return True


async def pending(view: View, limit: int) -> Sequence[Row[Any]]:
    """Return the oldest events that are not sent yet, in order."""
    positions = await view.all(select(_PENDING.c.position).order_by(_PENDING.c.position).limit(limit))
    # explicit keys: a join of the two tables was planned quadratic on a database that was never analysed
    return await bulk.select_in(
        view, _JOURNAL, {"position": [row.position for row in positions]}, order_by=(_JOURNAL.c.position,)
    )


async def delete_pending(tx: Write, positions: Sequence[int]) -> None:
    """Delete the pointers to events that were sent."""
    await bulk.delete_in(tx, _PENDING, {"position": positions})


async def pending_state(view: View) -> tuple[int, datetime | None]:
    """Return how many events are not sent yet, and when the oldest of them was journalled."""
    row = await view.first(select(func.count().label("events"), func.min(_PENDING.c.position).label("oldest")))
    if row is None or not row.events:
        return 0, None
    oldest = await view.first(select(_JOURNAL.c.created_at).where(_JOURNAL.c.position == row.oldest))
    return row.events, oldest.created_at if oldest else None


async def republish(tx: Write, *, since: datetime, after: int = 0) -> int | None:
    """Put up to 1,000 events journalled since then back in line, ids unchanged; return the last position, None at the end."""
    rows = await tx.all(
        select(_JOURNAL.c.position)
        .where(_JOURNAL.c.created_at >= since, _JOURNAL.c.position > after)
        .order_by(_JOURNAL.c.position)
        .limit(REPUBLISH_BATCH)
    )
    await bulk.insert_ignore(tx, _PENDING, {"position": [row.position for row in rows]}, key=("position",))
    return rows[-1].position if rows else None
