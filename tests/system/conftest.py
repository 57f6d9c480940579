"""The small town that several modules call: each has its own, because what one module does there another would find.

And reading and billing side by side on SQLite, without their loops: a test hands on what one tells the other.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.kits import billing, installation, reading
from tests.kits.billing import Desk
from tests.kits.installation import Installation
from tests.kits.reading import Kit


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation.running(tmp_path_factory.mktemp("town")) as running:
        installation.settle(running)
        yield running


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    (tmp_path / "reading").mkdir()
    async with reading.running(f"sqlite+aiosqlite:///{tmp_path}/reading.db", tmp_path / "reading") as made:
        yield made


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    (tmp_path / "billing").mkdir()
    async with billing.desk(f"sqlite+aiosqlite:///{tmp_path}/billing.db", tmp_path / "billing") as made:
        yield made
