"""One leader per name: how one ends."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.db import engine, leadership
from shared.db.engine import Database
from tests.kits import databases


async def test_a_leader_that_is_ended_while_another_process_writes_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease cannot be given back then; it runs out by itself."""
    monkeypatch.setattr(engine, "BUSY_MILLISECONDS", 50)
    file = tmp_path / "collection.db"
    await databases.migrate(f"sqlite+aiosqlite:///{file}", "collection")
    database, led = Database(f"sqlite+aiosqlite:///{file}"), asyncio.Event()

    async def lead() -> None:
        async with leadership.lead(database, "collection"):
            led.set()
            await asyncio.Event().wait()

    leading = asyncio.create_task(lead())
    await led.wait()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        leading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leading
    await database.close()
