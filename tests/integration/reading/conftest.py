"""A reading service for each test, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kits.reading import Kit, running


@pytest.fixture(scope="session")
def schema_of() -> str:
    return "reading"


@pytest.fixture
async def kit(database_url: str, tmp_path: Path) -> AsyncIterator[Kit]:
    async with running(database_url, tmp_path) as made:
        yield made
