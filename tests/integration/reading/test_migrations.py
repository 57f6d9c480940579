"""What an older version of reading has stored can be read by this one, on both databases."""

from datetime import date

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection

from services.reading.reads.domain.curves import CurveKey
from services.reading.reads.store import curves
from shared.db import migrations
from shared.db.engine import Database

DAY = date(2026, 1, 10)
VALUES = ",".join(["10", "", *["12"] * 46])


@pytest.fixture(scope="session")
def schema_of() -> None:
    """Say that the databases of this module are empty."""


def _at(connection: Connection, revision: str) -> None:
    command.upgrade(migrations.config("reading", connection), revision)


def _insert(connection: Connection) -> None:
    table = sa.Table("curve", sa.MetaData(), autoload_with=connection)
    row = {"meter_no": "M1", "day": DAY, "quantity": "import", "interval_minutes": 30, "values": VALUES}
    connection.execute(sa.insert(table), row | {"missing": 1, "upload_id": "U1"})


async def test_a_day_curve_becomes_the_first_of_its_versions(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0004")
        await connection.run_sync(_insert)
        await connection.run_sync(_at, "head")
    key = CurveKey("M1", DAY, "import")
    async with database.view() as view:
        ((found,),) = (await curves.versions(view, [key])).values()
    await database.close()
    assert (found.values[:3], found.quality, found.missing) == ((10, None, 12), "a-" + "a" * 46, 1)
