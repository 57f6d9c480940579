"""The job `purge-requests`: old idempotency keys and nonces, which protect nothing any more."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete

from shared.db import platform
from shared.db.engine import Tx, View
from shared.db.jobs import Job

KEY_DAYS = 30  # a client that has not tried again for a month will not
NONCE_DAYS = 1  # far longer than the window of a device message
_AGES = {
    "idempotency_key": (platform.TABLES.idempotency_key, "created_at", KEY_DAYS),
    "nonce": (platform.TABLES.nonce, "seen_at", NONCE_DAYS),
}


async def _chunks(_read: View, _business_date: date) -> Sequence[str]:
    return list(_AGES)


async def _work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
    table, column, days = _AGES[chunk]
    # nonces are system time: a business date in the future must not free those that still matter
    until = min(datetime.combine(business_date, time(), UTC), tx.now) - timedelta(days=days)
    return {"deleted": await tx.execute(delete(table).where(table.c[column] < until))}


JOB = Job("purge-requests", _chunks, _work)
