from collections.abc import AsyncIterator

import httpx
import pytest

from shared.db.engine import Database
from tests.kits import webapp


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await webapp.create_tables(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with webapp.client(webapp.build(database)) as opened:
        yield opened
