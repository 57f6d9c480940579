"""What an older version of notify has stored can be read by this one, on both databases."""

import asyncio
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text

from shared.db import migrations
from shared.db.engine import Database
from tests.kits.notify import Api, started
from tests.kits.told_facts import issued

CONTACTS = [
    ("c1", "a0001", "zj", "holder", "email", "zh", "2026-01-01", None, "li@example.org", 3, 2),
    ("c2", "a0001", "zj", "tenant", "letter", "en", "2026-01-01", "2027-01-01", "Sample Road 1", 1, 1),
    ("c3", "a0002", "zj", "holder", "sms", "zh", "2026-01-01", None, "13800000000", 1, 1),
]
OLD = (
    "contact_no",
    "account_no",
    "org_unit",
    "role",
    "channel",
    "language",
    "valid_from",
    "valid_to",
    "address",
    "version",
    "address_since",
)


@pytest.fixture(scope="session")
def schema_of() -> None:
    """Say that the databases of this module are empty."""


def _at(connection: Connection, revision: str) -> None:
    command.upgrade(migrations.config("notify", connection), revision)


def _insert() -> str:
    dates = {"valid_from", "valid_to"}
    values = ", ".join(f"CAST(:{name} AS DATE)" if name in dates else f":{name}" for name in OLD)
    return f"INSERT INTO contact ({', '.join(OLD)}) VALUES ({values})"


async def _filled(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0007")
        for row in CONTACTS:
            given = dict(zip(OLD, row, strict=True))
            if database.dialect == "postgresql":
                given |= {
                    name: given[name] and date.fromisoformat(str(given[name])) for name in ("valid_from", "valid_to")
                }
                statement = _insert()
            else:
                statement = _insert().replace("CAST(", "").replace(" AS DATE)", "")
            await connection.execute(text(statement), given)
        await connection.run_sync(_at, "head")
    await database.close()


async def test_contacts_become_parties_without_loss_and_are_sealed_as_the_service_starts(
    database_url: str, tmp_path: Path
) -> None:
    await _filled(database_url)
    async with started(database_url, tmp_path) as api:
        before = [await _shown(api, no) for no in ("c1", "c2", "c3")]
        sealing = asyncio.create_task(api.service.background[1]())
        await _until_sealed(api)
        sealing.cancel()
        assert [await _shown(api, no) for no in ("c1", "c2", "c3")] == before
        await api.notify.handle(issued(1), issued(2))
        told = [(n.party_no, n.channel, n.point_no) for n in await api.notify.notices()]
    assert before == [
        ("zj", "zh", "email", "li@example.org", "holder", "a0001", None, 3),
        ("zj", "en", "postal", "Sample Road 1", "tenant", "a0001", "2027-01-01", 1),
        ("zj", "zh", "mobile", "13800000000", "holder", "a0002", None, 1),
    ]
    assert told == [("c1", "email", "1"), ("c2", "letter", "1"), ("c3", "sms", "1")]


async def _shown(api: Api, party_no: str) -> tuple[object, ...]:
    party = (await api.call("GET", f"/v1/parties/{party_no}")).json()
    (point,), (role,) = party["points"], party["roles"]
    assert [each["how"] for each in point["verified"]] == ["declared"]
    return (
        party["org_unit"],
        party["language"],
        point["kind"],
        point["address"],
        role["role"],
        role["account_no"],
        role["valid_to"],
        party["version"],
    )


async def _until_sealed(api: Api) -> None:
    async with asyncio.timeout(30):
        while True:
            async with api.notify.database.view() as view:
                rows = await view.all(text("SELECT address_sealed, address_index FROM contact_point"))
            if not [row for row in rows if row.address_sealed.startswith("plain.") or not row.address_index]:
                return
            await asyncio.sleep(0.02)
