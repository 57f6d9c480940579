"""The migrations of every service make the tables that its code declares, on both databases."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from shared.db import migrations
from shared.db.engine import Database
from shared.settings import SERVICES


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrated_tables_are_the_declared_ones(database_url: str, service: str) -> None:
    metadata = migrations.declared(service)

    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    await migrations.upgrade(database_url, service)
    database = Database(database_url)
    async with database.view() as view:
        differences = await view.conn.run_sync(compare)
    await database.close()
    if database.dialect == "sqlite":  # which cannot tell which of its own indexes belong to a constraint
        differences = [one for one in differences if one[0] not in ("add_constraint", "remove_constraint")]
    assert differences == []
