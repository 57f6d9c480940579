"""The migrations make the tables that the code declares."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.billing.adapters import tables
from tests.billing_kit import Desk


async def test_tables_and_migrations_agree(desk: Desk) -> None:
    def compare(connection: Any) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), tables.Base.metadata))

    async with desk.db.read() as read:
        differences = await read.conn.run_sync(compare)
    # SQLite cannot tell which of its own indexes belong to a constraint
    assert [one for one in differences if one[0] not in ("add_constraint", "remove_constraint")] == []
