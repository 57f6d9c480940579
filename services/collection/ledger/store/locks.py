"""Advisory locks, taken before any row lock and in this order."""

from sqlalchemy import func, select

from shared.db.engine import Tx

ARRIVAL = 7_301_000  # who stores a document that waits holds it shared, who brings accounts alone: none is left waiting
CLOSING = 7_301_001  # who posts holds it shared, who closes a month alone


async def hold(tx: Tx, number: int, *, alone: bool) -> None:
    """Hold an advisory lock until the unit of work ends, beside others or alone."""
    if tx.dialect == "postgresql":  # SQLite has one writer
        name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        await tx.scalar(select(getattr(func, name)(number)))
