"""The script that makes the databases of the compose file, run against a real server."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

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


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_logs_in_to_its_own_database_and_owns_it(server: PostgresServer, service: str) -> None:
    connection = await connect(server, service, service, PASSWORD + service)
    try:
        await connection.execute("CREATE TABLE t (i int)")
        assert await connection.fetchval("SELECT current_setting('lc_collate')") == "C.UTF-8"
    finally:
        await connection.close()


async def test_a_service_cannot_open_the_database_of_another(server: PostgresServer) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connect(server, "reading", "billing", PASSWORD + "reading")


async def test_a_wrong_password_is_refused(server: PostgresServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(server, "reading", "reading", PASSWORD + "billing")
