from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import billing_kit
from tests.billing_kit import Desk


@pytest.fixture(scope="session")
def schema_of() -> str:
    return "billing"


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with billing_kit.desk(database_url, tmp_path) as made:
        yield made
