"""The commands under "Without Docker" in deploy/README.md, run as they are written, on a real PostgreSQL and a real broker."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.testing.servers import PostgresServer, free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
START_SECONDS = 90

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with tempfile.NamedTemporaryFile("w", prefix="wattline-hba-") as access:
        access.write("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        access.flush()
        Path(access.name).chmod(0o644)
        with PostgresServer(durable=False, settings={"hba_file": access.name}) as server:
            yield server


def test_the_commands_of_the_readme_bring_a_service_up(postgres: PostgresServer, tmp_path: Path) -> None:
    section = (DEPLOY / "README.md").read_text().split("## Without Docker\n")[1].split("\n## ")[0]
    *commands, last = re.findall(r"^    (.*)$", section, re.MULTILINE)
    shutil.copytree(DEPLOY, tmp_path / "deploy", ignore=shutil.ignore_patterns("libs"))
    kafka_port, port = free_port(), free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("WATTLINE_")}
    own |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port),
        "POSTGRES": f"127.0.0.1:{postgres.port}",
        "KAFKA": f"127.0.0.1:{kafka_port}",
        "KAFKA_PORT": str(kafka_port),
        "KAFKA_CONTROLLER_PORT": str(free_port()),
        "KAFKA_LIBS": str(DEPLOY / "kafka" / "libs"),
        "WATTLINE_PORT": str(port),
    }
    service = None
    try:
        for command in commands:
            subprocess.run(["bash", "-euc", command], cwd=tmp_path, env=own, check=True, timeout=120)
        service = subprocess.Popen(["bash", "-euc", last], cwd=tmp_path, env=own, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not _ready(port):
            assert service.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        if service is not None:
            os.killpg(service.pid, signal.SIGTERM)  # the shell and what it runs
            service.wait(30)
        subprocess.run([tmp_path / "deploy" / "kafka" / "kafka.sh", "stop"], env=own, check=True, timeout=60)


def _ready(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5)
        return answer.status_code == 200 and all(answer.json()["checks"].values())
    except httpx.TransportError:
        return False
