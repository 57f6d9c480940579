from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.db.engine import Database
from tests.kits import webapp


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/tiny.db")
    await webapp.create_tables(database)
    yield database
    await database.close()
