"""How long the platform remembers: jobs that forget old journal and inbox rows, in that order of age.

An inbox row lives longer than its event can still come: journal (which can republish) plus what a topic keeps.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete, func, select

from shared.db import platform
from shared.db.engine import Tx, View
from shared.db.jobs import Job

_JOURNAL = platform.TABLES.event_journal
_PENDING = platform.TABLES.journal_pending
_INBOX = platform.TABLES.inbox
INBOX_DAYS_BEYOND_JOURNAL = 30  # longer than a topic keeps a record
CHUNK = 20_000  # positions looked at in one unit of work
LAST = datetime.max.replace(tzinfo=UTC)
CHUNKS_MAX = 1000  # more than a day's events; what is left comes tomorrow


def purge_journal(*, days: int) -> Job:
    """Return the job that forgets events journalled more than `days` before the business date, unless they wait to be sent."""

    async def chunks(view: View, business_date: date) -> list[str]:
        row = await view.first(
            select(func.min(_JOURNAL.c.position).label("first"), func.max(_JOURNAL.c.position).label("last")).where(
                _JOURNAL.c.created_at < _before(business_date, days)
            )
        )
        if row is None or row.first is None:
            return []
        starts = range(row.first, row.last + 1, CHUNK)[:CHUNKS_MAX]
        return [f"{start}-{start + CHUNK - 1}" for start in starts]

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        first, last = map(int, chunk.split("-"))
        waiting = select(_PENDING.c.position).where(_PENDING.c.position.between(first, last))
        forgotten = await tx.execute(
            delete(_JOURNAL).where(
                _JOURNAL.c.position.between(first, last),
                _JOURNAL.c.created_at < _before(business_date, days, tx.now),
                _JOURNAL.c.position.not_in(waiting),
            )
        )
        return {"forgotten": forgotten}

    async def why(_view: View, business_date: date) -> str:
        return f"nothing was journalled more than {days} days before {business_date}"

    return Job("purge-journal", chunks, work, why)


def purge_inbox(*, journal_days: int) -> Job:
    """Return the job that forgets events taken so long before the business date that they cannot come again."""
    days = journal_days + INBOX_DAYS_BEYOND_JOURNAL

    async def chunks(view: View, business_date: date) -> list[str]:
        return ["inbox"]

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        old = _INBOX.c.received_at < _before(business_date, days, tx.now)
        return {"forgotten": await tx.execute(delete(_INBOX).where(old))}

    return Job("purge-inbox", chunks, work)


def _before(business_date: date, days: int, now: datetime = LAST) -> datetime:
    # what was journalled and received has system time: a business date in the future must not free what is young
    return min(datetime.combine(business_date, time(), UTC), now) - timedelta(days=days)
