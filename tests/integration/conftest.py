"""The database of the two tiny services, for the tests of the platform."""

from collections.abc import AsyncIterator

import pytest

from shared.db.engine import Database
from tests.kits import tiny


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await tiny.create(database_url)
    yield opened
    await opened.close()
