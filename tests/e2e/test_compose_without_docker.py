"""The containers of docker-compose.yml as plain processes: same commands, same settings, real PostgreSQL and Kafka.

Only addresses, ports and the folder of the secrets differ from what the containers get.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from shared.settings import SERVICES
from shared.testing.servers import KafkaBroker, PostgresServer, free_port
from tests.kits.compose import SERVICES as CONTAINERS
from tests.kits.compose import substituted

ROOT = Path(__file__).parents[2]
START_SECONDS = 90
COMMAND_SECONDS = 120

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]


@dataclass
class Installation:
    ports: Mapping[str, int]
    environments: Mapping[str, Mapping[str, str]]
    processes: Mapping[str, subprocess.Popen[bytes]]

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"


def environment_of(name: str, replacements: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("WATTLINE_")}
    for key, value in CONTAINERS[name]["environment"].items():
        value = substituted(value)
        for old, new in replacements.items():
            value = value.replace(old, new)
        own[key] = value
    own["WATTLINE_HOST"] = "127.0.0.1"
    if name in ports:
        own["WATTLINE_PORT"] = str(ports[name])
    return own


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("installation")
    (base / "deploy").mkdir()
    script = base / "deploy" / "make-secrets.sh"
    script.write_bytes((ROOT / "deploy" / "make-secrets.sh").read_bytes())
    subprocess.run(["bash", script], check=True, timeout=60)
    return base / "var" / "secrets"


@pytest.fixture(scope="module")
def postgres(secrets: Path) -> Iterator[PostgresServer]:
    # The server runs as another user, who must be able to read who may log in and how.
    with tempfile.NamedTemporaryFile("w", prefix="wattline-hba-") as access:
        access.write("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        access.flush()
        Path(access.name).chmod(0o644)
        with PostgresServer(durable=False, settings={"hba_file": access.name}) as server:
            login = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "SECRETS": str(secrets)}
            script = ROOT / "deploy" / "postgres" / "init-databases.sh"
            subprocess.run([script], env=os.environ | login, check=True, timeout=60)
            yield server


@pytest.fixture(scope="module")
def installation(
    secrets: Path, postgres: PostgresServer, kafka_broker: KafkaBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    work = tmp_path_factory.mktemp("work")
    ports = {service: free_port() for service in SERVICES}
    replacements = {"/run/secrets": str(secrets), "@postgres:5432": f"@127.0.0.1:{postgres.port}"}
    replacements |= {"kafka:9092": kafka_broker.bootstrap}
    replacements |= {
        f"http://{name}:{8001 + at}": f"http://127.0.0.1:{ports[name]}" for at, name in enumerate(SERVICES)
    }
    ours = [name for name, one in CONTAINERS.items() if one["image"].startswith("wattline:")]
    environments = {name: environment_of(name, replacements, ports) for name in ours}
    wattline = [sys.executable, "-m", "services"]
    for name in ours:
        if name not in SERVICES:
            command = [*wattline, *CONTAINERS[name]["command"]]
            where = {"PYTHONPATH": str(ROOT)}
            subprocess.run(command, cwd=work, env=environments[name] | where, check=True, timeout=COMMAND_SECONDS)
    processes = {}
    try:
        for name in SERVICES:
            with (work / f"{name}.log").open("wb") as log:
                processes[name] = subprocess.Popen(
                    [*wattline, *CONTAINERS[name]["command"]],
                    cwd=work,
                    env=environments[name] | {"PYTHONPATH": str(ROOT)},
                    stdout=log,
                    stderr=log,
                )
        found = Installation(ports, environments, processes)
        for name in SERVICES:
            wait_until_ready(found, name, work / f"{name}.log")
        yield found
    finally:
        for process in processes.values():
            process.kill()
            process.wait(10)


def wait_until_ready(installation: Installation, service: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and installation.processes[service].poll() is None:
        try:
            if httpx.get(installation.url(service) + "/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{service} did not become ready: {log.read_text(errors='replace')[-2000:]}")


@pytest.mark.parametrize("service", SERVICES)
def test_the_health_check_of_the_image_passes(installation: Installation, service: str) -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    check = re.search(r"^HEALTHCHECK .*?CMD (\[.*?\])$", text.replace("\\\n", ""), re.MULTILINE)
    assert check is not None
    command = [sys.executable, *json.loads(check[1])[1:]]
    subprocess.run(command, env=installation.environments[service], check=True, timeout=10)


def test_the_services_show_every_metric_that_an_alert_watches(installation: Installation) -> None:
    alerts = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
    watched = set(re.findall(r"\bwattline_[a-z_]+\b", alerts))
    shown: set[str] = set()
    for service in SERVICES:
        text = httpx.get(installation.url(service) + "/metrics", timeout=10).text
        shown |= set(re.findall(r"^# TYPE ([a-z_]+) ", text, re.MULTILINE))
    assert watched
    assert watched <= shown


def test_a_service_that_is_told_to_stop_ends_cleanly_in_time(installation: Installation) -> None:
    # The last test of this module: it leaves nothing running.
    for process in installation.processes.values():
        process.send_signal(signal.SIGTERM)
    for service, process in installation.processes.items():
        limit = int(CONTAINERS[service]["stop_grace_period"].removesuffix("s"))
        assert process.wait(limit) == 0, service
