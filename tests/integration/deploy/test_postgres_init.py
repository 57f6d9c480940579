"""The script that makes the databases of the compose file, run against a real server."""

import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from shared.db import migrations
from shared.testing.servers import PostgresServer

SCRIPT = Path(__file__).parents[3] / "deploy" / "postgres" / "init-databases.sh"
SERVICES = ("reading", "billing", "collection", "notify")
PASSWORD = 'it\'s a \\n "secret"'

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    secrets = tmp_path_factory.mktemp("secrets")
    for service in SERVICES:
        (secrets / f"postgres_{service}").write_text(PASSWORD + service + "\n")
        (secrets / f"postgres_{service}_owner").write_text(PASSWORD + "owner\n")
    # The server runs as another user, who must be able to read who may log in and how.
    with tempfile.NamedTemporaryFile("w", prefix="wattline-hba-") as access:
        access.write("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        access.flush()
        Path(access.name).chmod(0o644)
        with PostgresServer(durable=False, settings={"hba_file": access.name}) as server:
            environment = os.environ | {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "SECRETS": str(secrets)}
            subprocess.run([SCRIPT], env=environment, check=True, timeout=60)
            yield server


async def connect(server: PostgresServer, role: str, database: str, password: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host="127.0.0.1", port=server.port, user=role, password=password, database=database, timeout=10
    )


@asynccontextmanager
async def migrated(server: PostgresServer, service: str) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection of the service's own role to its database, which the owner has migrated."""
    url = make_url(server.url(service)).set(username=f"{service}_owner", password=PASSWORD + "owner")
    await migrations.upgrade(url.render_as_string(hide_password=False), service, role=service)
    connection = await connect(server, service, service, PASSWORD + service)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_logs_in_to_its_own_database_and_owns_nothing(server: PostgresServer, service: str) -> None:
    async with migrated(server, service) as connection:
        assert await connection.fetchval("SELECT current_setting('lc_collate')") == "C.UTF-8"
        owned = "SELECT count(*) FROM pg_class WHERE pg_has_role(current_user, relowner, 'MEMBER')"
        assert await connection.fetchval(owned) == 0
        for statement in ("CREATE TABLE t (i int)", "CREATE SCHEMA s", "CREATE TEMP TABLE t (i int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


FINAL = ("audit_entry", "audit_seal", "event_journal")
POSTED = ("ledger_transaction", "ledger_entry", "allocation")


@pytest.mark.parametrize(
    ("service", "table"),
    [*((name, table) for name in SERVICES for table in FINAL), *(("collection", table) for table in POSTED)],
)
async def test_what_is_told_for_good_is_neither_changed_nor_deleted_by_its_service(
    server: PostgresServer, service: str, table: str
) -> None:
    async with migrated(server, service) as connection:
        column = await connection.fetchval(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1", table
        )
        forbidden = [
            f"UPDATE {table} SET {column} = {column}",
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} ADD COLUMN more int",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
            f"CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            f"CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
            *([f"DELETE FROM {table}"] if table != "event_journal" else []),
        ]
        for statement in forbidden:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_of_the_journal_a_service_can_delete_what_is_older_than_the_journals_days_alone(
    server: PostgresServer,
) -> None:
    async with migrated(server, "notify") as connection:
        for days in (1, 399, 401):
            await connection.execute(
                "INSERT INTO event_journal (event_id, topic, partition, type, payload, traceparent, created_at)"
                " VALUES ('e', 't', 0, 't', '{}', '', now() - make_interval(days => $1))",
                days,
            )
        assert await connection.execute("DELETE FROM event_journal") == "DELETE 1"
        assert await connection.fetchval("SELECT count(*) FROM event_journal") == 2


async def test_a_service_cannot_open_the_database_of_another(server: PostgresServer) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connect(server, "reading", "billing", PASSWORD + "reading")


async def test_a_wrong_password_is_refused(server: PostgresServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(server, "reading", "reading", PASSWORD + "billing")
