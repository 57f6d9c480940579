"""The commands that work on databases and event log directly: migrate, republish, relay, topics."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from services.__main__ import main
from shared.db.engine import Database
from shared.events.billing import AccountChanged
from shared.settings import SERVICES
from tests.kits import webapp

WAIT_SECONDS_MAX = 120


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("WATTLINE_")]:
        monkeypatch.delenv(name)
    for name, value in webapp.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WATTLINE_DATA_DIR", str(tmp_path))


def rows(database: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_migrating_makes_the_tables_of_the_services_named(tmp_path: Path) -> None:
    assert main(["migrate", "billing"]) == 0
    assert [file.name for file in tmp_path.glob("*.db")] == ["billing.db"]
    assert rows(tmp_path / "billing.db", "SELECT count(*) FROM event_journal") == [(0,)]


def test_migrating_twice_changes_nothing_and_without_a_name_does_all(tmp_path: Path) -> None:
    assert main(["migrate"]) == main(["migrate"]) == 0
    assert {file.stem for file in tmp_path.glob("*.db")} == set(SERVICES)


def test_each_database_is_migrated_with_the_settings_of_its_own_file(tmp_path: Path) -> None:
    for service in SERVICES:
        lines = f"# {service}\n\nWATTLINE_DATABASE_URL='sqlite+aiosqlite:///{tmp_path}/of-{service}.db'\n"
        (tmp_path / f"{service}-migrate.env").write_text(lines)
    assert main(["migrate", "--environments", str(tmp_path)]) == 0
    assert {file.stem for file in tmp_path.glob("*.db")} == {f"of-{service}" for service in SERVICES}


def test_an_environment_file_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "notify", "--environments", str(tmp_path)]) == 2
    assert "notify-migrate.env" in capsys.readouterr().err


def test_one_password_does_not_open_the_databases_of_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATTLINE_DATABASE_PASSWORD", "of one of them")
    assert main(["migrate"]) == 2
    assert "--environments" in capsys.readouterr().err


def test_a_service_does_not_start_with_the_password_of_the_role_that_owns_its_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATTLINE_DATABASE_OWNER_PASSWORD", "of the owner")
    assert main(["service", "notify"]) == 2
    assert "WATTLINE_DATABASE_OWNER_PASSWORD" in capsys.readouterr().err


async def publish_one(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/billing.db")
    fact = AccountChanged(
        account_no="0571-1",
        org_unit="zj",
        customer_class="resident",
        opened_on=date(2026, 1, 1),
        contracts=(),
        version=1,
    )
    async with database.begin() as tx:
        tx.publish([fact])
    await database.close()


@pytest.fixture
def journalled(tmp_path: Path) -> Path:
    """A billing database with one event that waits to be sent."""
    main(["migrate", "billing"])
    asyncio.run(publish_one(tmp_path))
    return tmp_path / "billing.db"


def test_republishing_puts_events_back_in_line_and_older_ones_not(journalled: Path) -> None:
    connection = sqlite3.connect(journalled)
    with connection:
        connection.execute("DELETE FROM journal_pending")
    connection.close()
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert main(["republish", "billing", "--from", later]) == 0
    assert rows(journalled, "SELECT count(*) FROM journal_pending") == [(0,)]
    earlier = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert main(["republish", "billing", "--from", earlier]) == 0
    assert rows(journalled, "SELECT count(*) FROM journal_pending") == [(1,)]


def test_republishing_the_state_of_an_unknown_entity_is_refused(journalled: Path) -> None:
    with pytest.raises(SystemExit, match="no such entity"):
        main(["republish", "billing", "--state", "none"])


def test_how_a_restored_service_stands_is_told_above_all_that_it_told_before(journalled: Path) -> None:
    """Also of an account that the dump did not have and that was put again since: its versions have begun anew."""
    account = "'0571-1', 'zj', '2026-01-01', NULL, '[[\"2026-01-01\", \"residential\", 3, 1]]', '', 'digest', 1"
    columns = "account_no, org_unit, opened_on, closed_on, facts, customer_no, digest, version"
    connection = sqlite3.connect(journalled)
    with connection:
        connection.execute(f"INSERT INTO account ({columns}) VALUES ({account})")
    connection.close()
    assert main(["restored", "billing"]) == 0
    told = rows(journalled, "SELECT payload FROM event_journal ORDER BY position")
    before, after = [fact["version"] for (payload,) in told for fact in orjson.loads(str(payload))["items"]]
    assert (before, after > 100_000_000) == (1, True)
    assert rows(journalled, "SELECT action FROM audit_entry") == [
        ("account.versions_raised",),
        ("case_charge.versions_raised",),
        ("contract.versions_raised",),
    ]


def test_the_relay_alone_sends_what_is_left_and_stops_when_told(journalled: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "services", "relay", "billing"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while rows(journalled, "SELECT count(*) FROM journal_pending") != [(0,)]:
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        assert running.wait(WAIT_SECONDS_MAX) == 0
    finally:
        running.kill()
        running.communicate()


def test_topics_are_created_on_the_embedded_log(tmp_path: Path) -> None:
    assert main(["topics", "create"]) == 0
    assert (tmp_path / "events.db").exists()
