"""What an older version of reading has stored can be read by this one, on both databases."""

from datetime import date

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection

from services.reading.network.domain.registers import Register
from services.reading.network.store import installations
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


async def test_installations_get_registers_and_multiplier_of_their_meters(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0005")
        for statement in (
            "INSERT INTO service_point (service_point_no, route_no, org_unit, version) VALUES ('S1', 'R1', 'a', 1)",
            "INSERT INTO meter (meter_no, org_unit, registers, numerator, denominator, version) "
            """VALUES ('M1', 'a', '[["import",8,2]]', 30, 1, 1)""",
            "INSERT INTO installation (meter_no, installed_on, service_point_no, opening) "
            "VALUES ('M1', '2026-01-01', 'S1', '10000')",
        ):
            await connection.execute(sa.text(statement))
        await connection.run_sync(_at, "head")

    async with database.view() as view:
        (installation,) = (await installations.by_point(view, ["S1"]))["S1"]
        rows = await view.all(sa.text("SELECT version, kind, registers, actor FROM installation_version"))
    await database.close()
    assert (installation.from_, installation.opening) == (date(2026, 1, 1), (10000,))
    assert installation.registers == (Register("import", 8, 2, numerator=30),)
    assert [tuple(row) for row in rows] == [(1, "installed", '[["import",8,2]]', "system:migration")]
