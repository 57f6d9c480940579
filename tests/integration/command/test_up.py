"""`wattline up`: four services in one process on embedded defaults, from nothing to ready to stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.settings import SERVICES

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 60


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    urls = dict(zip(SERVICES, (f"http://127.0.0.1:{port}" for port in free_ports(4)), strict=True))
    own = {name: value for name, value in os.environ.items() if not name.startswith("WATTLINE_")}
    settings = {f"WATTLINE_{name.upper()}_URL": url for name, url in urls.items()}
    return own | settings | {"WATTLINE_DATA_DIR": str(tmp_path / "var")}


def wattline(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def running(environment: dict[str, str], tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "services", "up"], env=environment, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def is_ready(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == 200
    except httpx.TransportError:
        return False


def wait_until_all_are_ready(environment: dict[str, str], process: "subprocess.Popen[bytes]", out: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    with httpx.Client(trust_env=False) as client:
        for name in SERVICES:
            url = environment[f"WATTLINE_{name.upper()}_URL"] + "/health/ready"
            while not is_ready(client, url):
                assert process.poll() is None, out.read_text()
                assert time.monotonic() < deadline, out.read_text()
                time.sleep(0.1)


def test_four_services_start_from_nothing_answer_the_commands_and_stop_when_told(
    environment: dict[str, str], running: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    wait_until_all_are_ready(environment, running, tmp_path / "out")
    done = wattline(environment, "job", "billing", "purge-requests", "--date", "2026-01-31")
    assert done.returncode == 0, done.stderr
    assert wattline(environment, "dead-letters", "list", "collection").stdout == ""
    assert "ledger sums to 0 fen: 0 | 0" in wattline(environment, "reconcile", "--cycle", "2026-01").stdout
    running.send_signal(signal.SIGTERM)
    written = (tmp_path / "out").read_text()
    assert running.wait(STOP_SECONDS_MAX) == 0, written
    assert environment["WATTLINE_NOTIFY_URL"] in written, "it says where to look"


def test_a_service_without_its_secret_is_refused_at_start(environment: dict[str, str]) -> None:
    refused = wattline(environment, "service", "billing")
    assert refused.returncode == 2
    assert "WATTLINE_TOKEN_KEY is missing" in refused.stderr


def test_an_unknown_setting_is_refused_at_start(environment: dict[str, str]) -> None:
    refused = wattline(environment | {"WATTLINE_COLOUR": "red"}, "up")
    assert refused.returncode == 2
    assert "unknown setting: WATTLINE_COLOUR" in refused.stderr
