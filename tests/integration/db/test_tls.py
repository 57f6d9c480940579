"""PostgreSQL over TLS: the settings reach a real server, and what it does not take is said with the setting's name."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.__main__ import main
from shared import service
from shared.settings import Settings, SettingsError
from shared.testing.servers import SUPERUSER, PostgresServer
from tests.kits import webapp
from tests.kits.certificates import Authority

pytestmark = pytest.mark.postgres

ACCESS = "host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
PASSWORD = "of-the-service"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="wattline-tls-") as folder:
        key, certificate = authority.give("127.0.0.1")
        for name, content in (("server.key", key), ("server.pem", certificate), ("hba", ACCESS.encode())):
            (Path(folder) / name).write_bytes(content)
            (Path(folder) / name).chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(Path(folder) / name, SUPERUSER, SUPERUSER)
                shutil.chown(folder, SUPERUSER, SUPERUSER)
        own = {
            "ssl": "on",
            "ssl_key_file": f"{folder}/server.key",
            "ssl_cert_file": f"{folder}/server.pem",
            "hba_file": f"{folder}/hba",
        }
        with PostgresServer(durable=False, settings=own) as server:
            server.execute(f"CREATE ROLE notify LOGIN PASSWORD '{PASSWORD}'", "CREATE DATABASE notify OWNER notify")
            yield server


@pytest.fixture
def told(server: PostgresServer, authority: Authority) -> dict[str, str]:
    """The environment of a service that is let in."""
    return webapp.ENVIRONMENT | {
        "WATTLINE_DATABASE_URL": f"postgresql+asyncpg://notify@127.0.0.1:{server.port}/notify",
        "WATTLINE_DATABASE_PASSWORD": PASSWORD,
        "WATTLINE_DATABASE_TLS": "true",
        "WATTLINE_DATABASE_CERTIFICATES": str(authority.file),
    }


async def test_a_service_speaks_tls_to_a_server_whose_certificate_it_checks(told: dict[str, str]) -> None:
    database = service.open_database(Settings.load(told), "notify")
    await database.warm()
    async with database.view() as view:
        assert await view.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) is True
    await database.close()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"WATTLINE_DATABASE_CERTIFICATES": "{foreign}"}, "WATTLINE_DATABASE_CERTIFICATES.*not signed by a trusted"),
        ({"WATTLINE_DATABASE_URL": "postgresql+asyncpg://notify@localhost:{port}/notify"}, "for another host"),
        ({"WATTLINE_DATABASE_PASSWORD": "another"}, "WATTLINE_DATABASE_PASSWORD: the server refuses"),
        ({"WATTLINE_DATABASE_URL": "postgresql+asyncpg://notify@127.0.0.1:{port}/billing"}, "no such database"),
        ({"WATTLINE_DATABASE_CERTIFICATES": "/dev/null"}, "WATTLINE_DATABASE_CERTIFICATES: the file holds no"),
    ],
    ids=["authority", "host", "password", "database", "file"],
)
async def test_what_the_server_does_not_take_is_named_at_start(
    changed: dict[str, str], reason: str, told: dict[str, str], server: PostgresServer, tmp_path: Path
) -> None:
    foreign = Authority(tmp_path, "foreign").file
    told |= {name: value.format(foreign=foreign, port=server.port) for name, value in changed.items()}
    with pytest.raises(SettingsError, match=reason):
        await service.open_database(Settings.load(told), "notify").warm()


@pytest.mark.parametrize("command", ["migrate", "service"])
def test_a_command_ends_with_the_reason_in_one_line(
    command: str,
    told: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    told |= {"WATTLINE_DATABASE_PASSWORD": "another", "WATTLINE_DATA_DIR": str(tmp_path)}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert main([command, "notify"]) == 2
    assert capsys.readouterr().err.startswith("wattline: wrong setting: WATTLINE_DATABASE_PASSWORD")


async def test_a_server_without_tls_is_named(told: dict[str, str], postgres_database: str) -> None:
    with pytest.raises(SettingsError, match="WATTLINE_DATABASE_TLS: the server speaks no TLS"):
        await service.open_database(Settings.load(told | {"WATTLINE_DATABASE_URL": postgres_database}), "notify").warm()


async def test_a_server_that_speaks_no_tls_any_more_is_named_in_the_log(
    told: dict[str, str], postgres_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = service.open_database(Settings.load(told | {"WATTLINE_DATABASE_URL": postgres_database}), "notify")
    async with webapp.client(webapp.build(database)) as client:
        assert (await client.get("/v1/notes", headers=webapp.bearer("notes:read"))).status_code == 503
    [line] = [record for record in caplog.records if record.getMessage() == "request.server_away"]
    assert vars(line)["error"] == "WATTLINE_DATABASE_TLS: the server speaks no TLS"
    await database.close()
