"""The notify service on a real database."""

from collections.abc import AsyncIterator

import pytest

from shared.db.engine import Database
from tests import databases
from tests.integration.notify.notify_support import HandClock, Notify


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
