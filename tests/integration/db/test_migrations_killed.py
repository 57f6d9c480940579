"""A migration that ends at any statement, however it ends, leaves the schema as it was, and the next one brings it up."""

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from shared.db import migrations
from shared.settings import SERVICES

ROOT = Path(__file__).parents[3]
OF_SQLITE = "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'sqlite_sequence'"
OF_POSTGRESQL = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"

KILLED = """
import asyncio, os, signal, sys
from sqlalchemy import Engine, event
from shared.db import migrations

left = int(sys.argv[3])

@event.listens_for(Engine, "after_cursor_execute")
def kill(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(migrations.upgrade(sys.argv[1], sys.argv[2]))
"""


@contextmanager
def after_each_statement(look: Callable[[], None]) -> Iterator[None]:
    def executed(*_: Any) -> None:
        look()

    event.listen(Engine, "after_cursor_execute", executed)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", executed)


def objects(url: str) -> int:
    """Return how many tables and indexes somebody else sees in a database."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(make_url(url).database or "")) as connection:
            return int(connection.execute(OF_SQLITE).fetchone()[0])

    async def ask() -> int:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return int(await connection.fetchval(OF_POSTGRESQL))
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, ask()).result()


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("service", SERVICES)
async def test_what_a_kill_at_any_statement_leaves_of_a_file_is_the_schema_as_it_was(
    service: str, mode: str, tmp_path: Path
) -> None:
    folder = tmp_path / "after"
    folder.mkdir()
    url, left = f"sqlite+aiosqlite:///{tmp_path}/own.db", f"sqlite+aiosqlite:///{folder}/own.db"
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")  # a service that ran before left it at WAL
    found: list[int] = []

    def look() -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        for file in tmp_path.glob("own.db*"):  # what a killed process leaves is what is in its files
            shutil.copyfile(file, folder / file.name)
        found.append(objects(left))

    with after_each_statement(look):
        await migrations.upgrade(url, service)
    assert len(found) > 20
    assert set(found) == {0}

    await migrations.upgrade(left, service)  # from what the last kill left
    assert objects(left) == objects(url) > 20


@pytest.mark.parametrize("service", SERVICES)
async def test_what_a_kill_at_any_statement_leaves_on_a_server_is_the_schema_as_it_was(
    service: str, postgres_database: str
) -> None:
    found: list[int] = []
    with after_each_statement(lambda: found.append(objects(postgres_database))):
        await migrations.upgrade(postgres_database, service)
    assert len(found) > 20
    assert set(found) == {0}
    assert objects(postgres_database) > 20


@pytest.mark.parametrize("statement", [3, 40])
async def test_a_killed_migration_is_run_again(statement: int, database_url: str) -> None:
    command = [sys.executable, "-c", KILLED, database_url, "collection", str(statement)]
    killed = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert objects(database_url) == 0
    await migrations.upgrade(database_url, "collection")
    await migrations.upgrade(database_url, "collection")
    assert objects(database_url) > 20


async def test_two_processes_may_migrate_at_the_same_time(database_url: str) -> None:
    await asyncio.gather(*(migrations.upgrade(database_url, "notify") for _ in range(2)))
    assert objects(database_url) > 10
