"""`wattline audit`: the chain of a service as its database has it, told and verified without the service."""

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from services.__main__ import main
from shared.db.audit import AuditEntry
from shared.db.engine import Database
from shared.db.sealing import Sealer
from tests.kits import webapp


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("WATTLINE_")]:
        monkeypatch.delenv(name)
    for name, value in (webapp.ENVIRONMENT | {"WATTLINE_DATA_DIR": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)


async def write(tmp_path: Path, *actors: str) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/billing.db")
    async with database.begin() as tx:
        tx.audit([AuditEntry(action="put", entity_kind="tariff", entity_id="t", actor=actor) for actor in actors])
    await Sealer("billing", database).drain()
    await database.close()


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A billing database with three sealed audit entries."""
    main(["migrate", "billing"])
    asyncio.run(write(tmp_path, "s-1", "s-2", "s-3"))
    return tmp_path / "billing.db"


def change(database: Path, statement: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(statement)
    connection.close()


def head(capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["audit", "head", "billing"]) == 0
    return capsys.readouterr().out.strip()


def test_a_chain_that_is_whole_is_said_so(sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = head(capsys)
    asyncio.run(write(tmp_path, "s-4"))
    assert main(["audit", "verify", "billing", "--head", kept]) == 0
    now = head(capsys)
    assert (kept[:2], now[:2]) == ("3:", "4:")
    assert main(["audit", "verify", "billing", "--since", kept, "--head", kept, now]) == 0
    assert capsys.readouterr().out == f"ok billing head={now} waiting=0\n"


def test_what_was_changed_is_named_and_ends_with_1(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = head(capsys)
    change(sealed, "UPDATE audit_entry SET actor = 's-9' WHERE id = 2")
    assert main(["audit", "verify", "billing"]) == 1
    assert capsys.readouterr().out == f"FAULT audit.changed seq=2 entry=2\nFAULT billing head={kept} waiting=0\n"


def test_an_end_that_was_cut_off_is_found_by_the_head_that_was_kept(
    sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = head(capsys)
    change(sealed, "DELETE FROM audit_entry WHERE id = 3")
    change(sealed, "DELETE FROM audit_seal WHERE seq = 3")
    assert main(["audit", "verify", "billing"]) == 0
    assert main(["audit", "verify", "billing", "--head", kept]) == 1
    assert "FAULT audit.cut_off seq=3" in capsys.readouterr().out


def test_many_faults_are_counted_and_the_first_hundred_told(
    sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(write(tmp_path, *(f"s-{number}" for number in range(150))))
    change(sealed, "UPDATE audit_entry SET reason = 'x'")
    assert main(["audit", "verify", "billing"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert (len(lines), lines[100]) == (102, "FAULT and 53 more")


@pytest.mark.parametrize("wrong", ["3", "3:ab", f"x:{'0' * 64}"])
def test_what_is_no_head_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["audit", "verify", "billing", "--head", wrong])
    assert exit_.value.code == 2
    assert "SEQ:HASH" in capsys.readouterr().err
