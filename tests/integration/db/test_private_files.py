"""The files of the embedded defaults, whatever the umask: their owner alone reads them."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.bus.embedded import EmbeddedEventLog
from shared.db import migrations
from shared.db.audit import AuditEntry
from shared.db.engine import Database


@contextmanager
def open_to_all() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_a_database_and_an_event_log_that_are_made_and_what_sqlite_puts_beside_them_are_private(
    tmp_path: Path,
) -> None:
    with open_to_all():
        await migrations.upgrade(f"sqlite+aiosqlite:///{tmp_path}/notify.db", "notify")
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/notify.db")
        log = EmbeddedEventLog(tmp_path / "events.db")
        await log.start()
        async with database.begin() as tx:
            tx.audit([AuditEntry(action="a", entity_kind="k", entity_id="i", actor="someone")])
        found = modes(tmp_path)
        await log.stop()
        await database.close()
    assert set(found) == {f"{name}.db{end}" for name in ("notify", "events") for end in ("", "-wal", "-shm")}
    assert set(found.values()) == {0o600}


async def test_files_of_an_older_version_become_private(tmp_path: Path) -> None:
    for name in ("notify.db", "notify.db-wal", "events.db"):
        (tmp_path / name).touch(0o644)
    await migrations.upgrade(f"sqlite+aiosqlite:///{tmp_path}/notify.db", "notify")
    log = EmbeddedEventLog(tmp_path / "events.db")
    await log.start()
    found = modes(tmp_path)
    await log.stop()
    assert set(found.values()) == {0o600}
