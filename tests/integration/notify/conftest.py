"""The notify service on a real database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.db.engine import Database
from tests.kits import databases
from tests.kits.notify import Api, HandClock, Notify, started


@pytest.fixture(scope="session")
def schema_of() -> str:
    return "notify"


@pytest.fixture
async def notify(database_url: str) -> AsyncIterator[Notify]:
    await databases.migrate(database_url, "notify")
    clock = HandClock()
    database = Database(database_url, clock=clock)
    yield Notify(database, clock)
    await database.close()


@pytest.fixture
async def notify_on_postgres(postgres_database: str) -> AsyncIterator[Notify]:
    await databases.migrate(postgres_database, "notify")
    clock = HandClock()
    database = Database(postgres_database, clock=clock)
    yield Notify(database, clock)
    await database.close()


@pytest.fixture
async def api(database_url: str, tmp_path: Any) -> AsyncIterator[Api]:
    async with started(database_url, tmp_path) as api:
        yield api
