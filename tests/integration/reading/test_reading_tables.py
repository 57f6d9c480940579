"""The migrations make the tables that the code declares."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.reading.adapters import tables
from tests.reading_kit import Kit


async def test_migrations_and_declared_tables_agree(kit: Kit) -> None:
    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), tables.Base.metadata))

    async with kit.database.engine.connect() as connection:
        assert await connection.run_sync(compare) == []
