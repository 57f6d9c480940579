"""Advisory locks: a number stands for what no single row stands for. SQLite has one writer: there is nothing to lock."""

from sqlalchemy import func, select

from shared.db.connection import Write


async def advisory(tx: Write, number: int, *, alone: bool = True) -> None:
    """Wait for the lock of a number and hold it until the unit of work ends, together with others where not `alone`."""
    if tx.dialect == "postgresql":
        take = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        await tx.scalar(select(take(number)))


async def try_for_connection(tx: Write, number: int) -> bool:
    """Take the lock of a number for as long as the connection lives, and return whether it was free."""
    return tx.dialect != "postgresql" or bool(await tx.scalar(select(func.pg_try_advisory_lock(number))))
