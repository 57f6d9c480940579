from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.db.engine import Database
from tests.kits import webapp


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/tiny.db")
    await webapp.create_tables(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with webapp.client(webapp.build(database)) as opened:
        yield opened
