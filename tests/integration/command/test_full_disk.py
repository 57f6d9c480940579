"""A disk that is full: what is refused says so, nothing that was acknowledged is lost, and all goes on once there is room."""

import json
import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from services.billing.accounts.examples import ACCOUNT
from tests.integration.command import test_up
from tests.integration.command.test_up import environment, running  # noqa: F401

BATCH = 100
ROOM_BYTES = 200_000  # less than the tables of a few batches need, in each file
BATCHES_MAX = 60
WAIT_SECONDS_MAX = 60


def limit_files(process: "subprocess.Popen[bytes]", size: int) -> None:
    """Let no file of the process grow beyond this size: to SQLite a full disk, that this test can empty again."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def batch(number: int) -> list[str]:
    return [f"A{number:04}{n:03}" for n in range(BATCH)]


def put(client: httpx.Client, account_nos: list[str]) -> httpx.Response:
    items = [
        {
            **ACCOUNT,
            "account_no": account_no,
            "contracts": [
                ACCOUNT["contracts"][0]
                | {"contract_no": f"K{account_no}", "service_point_no": f"S{account_no}"}
                | {"annulled": True, "reason": "room is all that is wanted"}  # so it needs no tariff
            ],
        }
        for account_no in account_nos
    ]
    return client.put("/v1/accounts", json={"items": items}, timeout=60)


def rows(data: Path, service: str, sql: str) -> set[str]:
    with sqlite3.connect(f"file:{data / service}.db?mode=ro", uri=True) as connection:
        return {row[0] for row in connection.execute(sql)}


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_full_disk_refuses_with_a_code_loses_nothing_and_is_over_once_there_is_room(
    environment: dict[str, str],  # noqa: F811
    running: "subprocess.Popen[bytes]",  # noqa: F811
    tmp_path: Path,
) -> None:
    out, data = tmp_path / "out", tmp_path / "var"
    test_up.wait_until_all_are_ready(environment, running, out)
    token = test_up.wattline(environment, "token", "--subject", "clerk", "--scopes", "billing:write").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    acknowledged: set[str] = set()
    with httpx.Client(base_url=environment["WATTLINE_BILLING_URL"], headers=headers, trust_env=False) as client:
        assert put(client, batch(0)).status_code == 200
        acknowledged |= set(batch(0))
        limit_files(running, max(path.stat().st_size for path in data.iterdir()) + ROOM_BYTES)
        refused: list[list[str]] = []
        for number in range(1, BATCHES_MAX):
            answer = put(client, batch(number))
            if answer.status_code == 200:
                assert {outcome["status"] for outcome in answer.json()["outcomes"]} == {"done"}
                acknowledged |= set(batch(number))
                continue
            assert (answer.status_code, answer.json()["code"]) == (503, "database.busy"), answer.text
            refused.append(batch(number))
            if len(refused) == 3:
                break
        assert len(refused) == 3, "the disk was never full"
        assert running.poll() is None, out.read_text()
        assert rows(data, "billing", "SELECT account_no FROM account") == acknowledged
        limit_files(running, resource.RLIM_INFINITY)
        for account_nos in refused:
            assert put(client, account_nos).status_code == 200
            acknowledged |= set(account_nos)

    def heard() -> bool:
        return all(
            rows(data, service, f"SELECT account_no FROM {table}") == acknowledged
            for service, table in (("reading", "contract"), ("collection", "account"), ("notify", "account"))
        )

    until(heard)
    assert rows(data, "billing", "SELECT account_no FROM account") == acknowledged
    assert rows(data, "billing", "SELECT position FROM journal_pending") == set()
    for service in ("reading", "collection", "notify"):
        assert rows(data, service, "SELECT error FROM dead_letter") == set()
    levels = {json.loads(line)["level"] for line in out.read_text().splitlines()}
    assert levels <= {"info", "warning"}, out.read_text()
