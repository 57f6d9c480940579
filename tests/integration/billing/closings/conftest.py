from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kits import billing as billing_kit
from tests.kits.billing import Desk


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose bills go out without a visit: what becomes of three cycles at zero is another test's."""
    async with billing_kit.desk(database_url, tmp_path) as made:
        made.review_by(zeros_in_a_row="off")
        yield made
