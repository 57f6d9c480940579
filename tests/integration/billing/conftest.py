from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kits import billing as billing_kit
from tests.kits.billing import Desk


@pytest.fixture(scope="session")
def schema_of() -> str:
    return "billing"


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with billing_kit.desk(database_url, tmp_path) as made:
        yield made
