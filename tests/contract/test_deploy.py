"""What stands in deploy/ and docker-compose.yml is what the code knows: settings, ports, paths, commands."""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy.engine import make_url

from services import __main__
from services.command import local
from shared import settings
from shared.bus.embedded import EmbeddedEventLog
from shared.events import catalogue
from shared.service import Service
from tests.kits.compose import COMPOSE, FROM_OPERATOR, OURS, ROOT, RUN_ONCE, SERVICES, load, scraped

PINNED = re.compile(r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?")


@pytest.mark.parametrize("name", settings.SERVICES)
def test_each_service_accepts_the_settings_of_its_container(name: str, tmp_path: Path) -> None:
    loaded = load(name, tmp_path)
    database = make_url(loaded.database_url_of(name))
    assert (database.host, database.port, database.database, database.username) == ("postgres", 5432, name, name)
    assert database.password == (tmp_path / f"postgres_{name}").read_text().strip()
    assert loaded.host == "0.0.0.0", "a container must answer from outside of itself"
    assert (
        loaded.event_log == "kafka://" + SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split("//")[1]
    )


@pytest.mark.parametrize("name", settings.SERVICES)
def test_a_schema_is_migrated_by_its_owner_whom_the_service_does_not_know(name: str, tmp_path: Path) -> None:
    migrating, serving = load(f"migrate-{name}", tmp_path), load(name, tmp_path)
    owner = make_url(migrating.owner_url_of(name))
    assert (owner.username, owner.database) == (f"{name}_owner", name)
    assert owner.password == (tmp_path / f"postgres_{name}_owner").read_text().strip()
    assert migrating.role_of(name) == make_url(serving.database_url_of(name)).username
    assert serving.database_owner_password is None


@pytest.mark.parametrize("name", RUN_ONCE)
def test_each_command_accepts_the_settings_of_its_container(name: str, tmp_path: Path) -> None:
    load(name, tmp_path)


@pytest.mark.parametrize("name", settings.SERVICES)
def test_each_service_listens_where_the_others_and_prometheus_look_for_it(name: str, tmp_path: Path) -> None:
    port = load(name, tmp_path).port_of(name)
    assert port == settings.PORTS[name]
    assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert {load(other, tmp_path).url_of(name) for other in settings.SERVICES} == {f"http://{name}:{port}"}
    assert {"targets": [f"{name}:{port}"], "labels": {"service": name}} in scraped("wattline")["static_configs"]
    exposed = re.search(r"^EXPOSE (.*)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    assert exposed is not None
    assert str(port) in exposed[1].split()


@pytest.mark.docker_compose
def test_docker_compose_accepts_the_file() -> None:
    command = ["docker-compose", "--file", "docker-compose.yml", "config", "--quiet"]
    environment = os.environ | FROM_OPERATOR
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.docker_compose
def test_docker_compose_asks_for_what_only_the_operator_knows() -> None:
    command = ["docker-compose", "--file", "docker-compose.yml", "config", "--quiet"]
    environment = {key: value for key, value in os.environ.items() if key not in FROM_OPERATOR}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "the mail server that takes the notices" in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_is_pinned_bounded_and_without_privileges(name: str) -> None:
    one = SERVICES[name]
    assert PINNED.fullmatch(one["image"])
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["mem_limit"]
    assert one["logging"]["options"]["max-size"]
    assert one.get("user", "").split(":")[0] not in ("0", "root")
    assert not one.get("privileged")
    assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ()))


@pytest.mark.parametrize("name", sorted(set(SERVICES) - set(OURS)))
def test_each_server_has_a_health_check_of_its_own(name: str) -> None:
    # Ours have the one of the image.
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_each_container_runs_a_command_that_wattline_has(name: str) -> None:
    command = SERVICES[name]["command"]
    assert __main__._parser(command).parse_args(command).command == command[0]
    if command[0] in ("service", "migrate"):
        assert command[1] in settings.SERVICES
        assert name == {"service": "", "migrate": "migrate-"}[command[0]] + command[1]


def test_services_start_after_the_migrations_and_the_topics() -> None:
    for name in settings.SERVICES:
        waits_for = {other for other, how in SERVICES[name]["depends_on"].items() if "completed" in how["condition"]}
        assert waits_for == set(RUN_ONCE)
    assert {tuple(one["command"]) for one in RUN_ONCE.values()} == {
        ("topics", "create"),
        *(("migrate", name) for name in settings.SERVICES),
    }


def test_every_mounted_file_is_in_the_repository() -> None:
    for one in SERVICES.values():
        for volume in one.get("volumes", ()):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]


def test_the_address_of_the_broker_is_one_it_listens_on() -> None:
    environment = SERVICES["kafka"]["environment"]
    advertised = urlsplit(environment["KAFKA_ADVERTISED_LISTENERS"])
    assert advertised.hostname == "kafka"
    assert f"PLAINTEXT://:{advertised.port}" in environment["KAFKA_LISTENERS"].split(",")
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_broker_without_docker_is_configured_like_the_one_with_it() -> None:
    script = (ROOT / "deploy" / "kafka" / "kafka.sh").read_text()
    properties = script.split("<<PROPERTIES\n")[1].split("\nPROPERTIES\n")[0]
    without = dict(line.split("=", 1) for line in properties.splitlines())
    addresses = {"log.dirs", "listeners", "advertised.listeners", "controller.quorum.voters"}
    with_docker = {
        key.removeprefix("KAFKA_").replace("_", ".").lower(): value
        for key, value in SERVICES["kafka"]["environment"].items()
        if key != "KAFKA_HEAP_OPTS"
    }
    assert set(with_docker) == set(without)
    for key in set(with_docker) - addresses:
        assert with_docker[key] == without[key], key
    assert f"KAFKA_HEAP:-{SERVICES['kafka']['environment']['KAFKA_HEAP_OPTS']}" in script
    versions = re.findall(r"<version>(.*)</version>", (ROOT / "deploy" / "kafka" / "pom.xml").read_text())
    assert SERVICES["kafka"]["image"].split(":")[1] in versions


def built(name: str, folder: Path) -> Service:
    """Return a service as its main builds it."""
    environment = {
        "WATTLINE_TOKEN_KEY": "k" * 40,
        "WATTLINE_DEVICE_MASTER_KEY": "k" * 40,
        "WATTLINE_PERSONAL_KEY": "k" * 40,
        "WATTLINE_DATA_DIR": str(folder),
    }
    return local.build(name, settings.settings_class(name).load(environment), EmbeddedEventLog(folder / "events.db"))


def test_the_users_of_the_broker_may_do_what_the_services_do(tmp_path: Path) -> None:
    told = (ROOT / "deploy" / "README.md").read_text().partition("## Kafka with names")[2].partition("\n## ")[0]
    rows = {
        cells[0]: [set(re.findall(r"`([\w.]+)`", cell)) for cell in cells[1:]]
        for cells in re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| (.*) \|$", told, re.MULTILINE)
    }
    consumers = {name: built(name, tmp_path).consumer for name in settings.SERVICES}
    assert rows == {
        name: [
            {f"wattline.{name}"},
            {catalogue.topic_of(kind.split(".")[0]) for kind in consumer.handlers},
            {consumer.name},
        ]
        for name, consumer in consumers.items()
        if consumer is not None
    }


def test_the_daily_jobs_of_the_readme_are_all_jobs_that_the_services_have(tmp_path: Path) -> None:
    have = {job for name in settings.SERVICES for job in built(name, tmp_path).app.state.web.jobs}
    told = (ROOT / "deploy" / "README.md").read_text().partition("## Every day")[2].partition("\n## ")[0]
    table = [line for line in told.splitlines() if line.startswith("| ")]
    named = {word for line in table for word in re.findall(r"`([a-z-]+)`", line)}
    assert named == have
