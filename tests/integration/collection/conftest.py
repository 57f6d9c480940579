"""The databases of these tests have the schema of collection; a `kit` is the service with one account."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kits import collection as collection_kit
from tests.kits.collection import Kit, account


@pytest.fixture(scope="session")
def schema_of() -> str:
    return "collection"


@pytest.fixture
async def kit(database_url: str, tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started(database_url, tmp_path) as made:
        await made.give(account())
        yield made
        await made.check_books()
