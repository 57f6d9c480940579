"""The inbox: which events a consumer has taken, in the transaction of their effect."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete

from shared.db import bulk, platform
from shared.db.engine import Read, Tx
from shared.db.jobs import Job

_INBOX = platform.TABLES.inbox
DAYS_BEYOND_JOURNAL = 30  # longer than a topic keeps a record, so that nothing old can come as new


async def claim(tx: Tx, consumer: str, event_ids: Sequence[str]) -> set[str]:
    """Take events for a consumer, and return those that it had not taken before.

    Where another replica is taking the same event at this moment, this waits for its outcome.
    """
    unique = sorted(set(event_ids))  # in order: two replicas that take the same events must not wait for each other
    rows = await bulk.insert_ignore(
        tx,
        _INBOX,
        {"consumer": [consumer] * len(unique), "event_id": unique, "received_at": [tx.now] * len(unique)},
        key=("consumer", "event_id"),
        returning=("event_id",),
    )
    return {row.event_id for row in rows}


def purge_job(*, days: int) -> Job:
    """Return the job that forgets events taken more than `days` before the business date."""

    async def chunks(read: Read, business_date: date) -> list[str]:
        return ["inbox"]

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        before = datetime.combine(business_date, time(), UTC) - timedelta(days=days)
        return {"forgotten": await tx.execute(delete(_INBOX).where(_INBOX.c.received_at < before))}

    return Job("purge-inbox", chunks, work)
