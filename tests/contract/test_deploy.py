"""What stands in deploy/ and docker-compose.yml is what the code knows: settings, ports, paths, metrics, secrets."""

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from sqlalchemy.engine import make_url

from services import __main__
from services.command import data, local
from shared import metrics, settings
from shared.bus.embedded import EmbeddedEventLog
from shared.events import catalogue
from shared.service import Service
from shared.web import platform_routes

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if str(one["image"]).startswith("wattline:")}
RUN_ONCE = {name: one for name, one in OURS.items() if name not in settings.SERVICES}
RUNBOOKS = ROOT / "docs" / "runbooks"
PROMETHEUS = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PINNED = re.compile(r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?")
# Of PromQL itself, and the one series that Prometheus makes.
NOT_METRICS = {"sum", "max", "by", "increase", "rate", "time", "up", "job", "service", "wattline", "or"}


FROM_OPERATOR = {"WATTLINE_SMTP_HOST": "mail.example", "WATTLINE_SMTP_SENDER": "bills@utility.example"}


def substituted(value: str) -> str:
    """Return a value with what the operator gives, and the defaults, in place of ${NAME:?why} and ${NAME:-default}."""
    return re.sub(r"\$\{(\w+):([?-])([^}]*)\}", lambda m: FROM_OPERATOR[m[1]] if m[2] == "?" else m[3], value)


def load(name: str, folder: Path) -> settings.Settings:
    """Return the settings of one container, its secret files taken from a folder of this test."""
    for secret in SERVICES[name]["secrets"]:
        text = f"{secret}-0123456789abcdef0123456789abcdef"
        (folder / secret).write_text((json.dumps({"app": text}) if secret == "channel_secrets" else text) + "\n")
    environment = {
        key: substituted(value).replace("/run/secrets", str(folder))
        for key, value in SERVICES[name]["environment"].items()
    }
    service = name.removeprefix("migrate-")
    known = settings.settings_class(service) if service in settings.SERVICES else settings.Settings
    return known.load(environment)


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


def scraped(job: str) -> dict[str, Any]:
    [found] = [config for config in PROMETHEUS["scrape_configs"] if config["job_name"] == job]
    return found


def test_prometheus_scrapes_the_four_services_and_nothing_else_of_ours() -> None:
    assert [one["labels"]["service"] for one in scraped("wattline")["static_configs"]] == list(settings.SERVICES)


def test_probes_and_scrapes_use_routes_that_every_service_has() -> None:
    routes = {route.path for route in platform_routes.router.routes}
    probed = re.findall(r"'(/health/\w+)'", (ROOT / "deploy" / "Dockerfile").read_text())
    assert probed == ["/health/live"]
    assert {*probed, scraped("wattline")["metrics_path"]} <= routes


def metric_names(expression: str) -> Iterator[str]:
    without_labels = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", expression)
    yield from (name for name in re.findall(r"[a-z_]+", without_labels) if name not in NOT_METRICS)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_watches_a_metric_of_the_catalogue(rule: dict[str, Any]) -> None:
    known = {metric.exported for metric in metrics.CATALOGUE}
    watched = set(metric_names(rule["expr"]))
    assert watched <= known
    assert watched or "up{" in rule["expr"]


def test_what_must_be_zero_or_stay_young_has_an_alert() -> None:
    watched = {name for rule in ALERTS for name in metric_names(rule["expr"])}
    must = {
        metric.exported for metric in metrics.CATALOGUE if "oldest_age" in metric.name or "imbalance" in metric.name
    }
    assert must - watched == set()
    assert {"wattline_dead_letters", "wattline_consumer_event_lag_seconds", "wattline_consumer_stopped"} <= watched


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_has_a_runbook_of_its_own_and_a_test(rule: dict[str, Any]) -> None:
    name = rule["alert"]
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
    text = (RUNBOOKS / f"{name}.md").read_text()
    wakes = "It wakes the duty officer." if rule["labels"]["severity"] == "page" else "It waits for the morning."
    assert text.startswith(f"# {name}\n\n{wakes}\n")
    parts = ["What it means", "How to look", "What to do", "When it is over"]
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == parts
    known = {metric.exported for metric in metrics.CATALOGUE}
    assert {each.removesuffix("_max") for each in re.findall(r"wattline_\w+", text)} <= known | {
        "wattline_database_connections"
    }
    assert f"[{name}]({name}.md) | {rule['labels']['severity']} |" in (RUNBOOKS / "README.md").read_text()
    tested = yaml.safe_load((ROOT / "tests" / "contract" / "alerts_test.yml").read_text())["tests"]
    fires = [
        one for test in tested for one in test["alert_rule_test"] if one["alertname"] == name and one["exp_alerts"]
    ]
    assert fires, "promtool shows that it fires"


def test_there_is_no_runbook_without_its_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("[A-Z]*.md")} - {"README"} == {rule["alert"] for rule in ALERTS}


@pytest.mark.promtool
@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "deploy/prometheus/prometheus.yml"),
        ("check", "rules", "deploy/prometheus/alerts.yml"),
        ("test", "rules", "tests/contract/alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(command: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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


def test_every_secret_is_made_given_and_used() -> None:
    declared = set(COMPOSE["secrets"])
    assert {secret for one in SERVICES.values() for secret in one.get("secrets", ())} == declared
    for name, one in SERVICES.items():
        named = set(re.findall(r"/run/secrets/(\w+)", str(one["environment"]))) if "environment" in one else set()
        assert named <= set(one.get("secrets", ())), name
    roles = {f"postgres_{name}{end}" for name in settings.SERVICES for end in ("", "_owner")}
    assert set(SERVICES["postgres"]["secrets"]) == {"postgres_superuser"} | roles


def test_no_secret_of_one_service_is_given_to_another() -> None:
    common = {"token_key"}
    own = {"reading": {"device_master_key"}, "collection": {"channel_secrets"}}
    for name in settings.SERVICES:
        mine = common | {f"postgres_{name}"} | own.get(name, set())
        assert set(SERVICES[name]["secrets"]) == mine
        assert set(SERVICES[f"migrate-{name}"]["secrets"]) == mine | {f"postgres_{name}_owner"}
    assert set(SERVICES["topics"]["secrets"]) == common


def test_no_secret_of_one_service_is_told_to_another() -> None:
    """The one that all share, `token_key`, verifies tokens."""
    for name, one in OURS.items():
        own = name.removeprefix("migrate-")
        others = [service for service in settings.SERVICES if service != own]
        given = set(one["secrets"]) - {"token_key"}
        assert not {secret for secret in given if any(other in secret for other in others)}, name
        assert ("device_master_key" in given) == (own == "reading"), name


def test_no_password_stands_in_the_compose_file() -> None:
    for name, one in SERVICES.items():
        for key, value in one.get("environment", {}).items():
            if re.search("PASSWORD|KEY|SECRET|TOKEN", key) and not key.endswith("_ALGORITHM"):
                assert value.startswith("/run/secrets/"), f"{name}: {key}"


def test_made_secrets_are_random_and_kept_on_the_second_run(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "make-secrets.sh"
    script.write_bytes((ROOT / "deploy" / "make-secrets.sh").read_bytes())
    found = []
    for _ in range(2):
        subprocess.run(["bash", script], check=True, timeout=60)
        found.append({path.name: path.read_text().strip() for path in (tmp_path / "var" / "secrets").iterdir()})
    assert found[0] == found[1]
    assert set(found[0]) == set(COMPOSE["secrets"]) | {"token_signing_key"}
    assert len(set(found[0].values())) == len(found[0])
    assert min(map(len, found[0].values())) >= 32
    assert stat.S_IMODE((tmp_path / "var" / "secrets").stat().st_mode) == 0o700


def test_a_shared_secret_of_an_older_installation_is_not_taken_for_a_public_key(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token_key").write_text("k" * 48)
    script = ["bash", str(ROOT / "deploy" / "make-secrets.sh"), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "secrets/token_key" in done.stderr
    assert not list((tmp_path / "environments").iterdir())


async def test_services_verify_tokens_and_only_who_has_the_signing_key_makes_them(
    environments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing = environments.parent / "secrets" / "token_signing_key"
    assert stat.S_IMODE(signing.stat().st_mode) == 0o400
    for name in settings.SERVICES:
        text = (environments / f"{name}.env").read_text()
        assert signing.read_text().splitlines()[1] not in text
        own = settings.settings_class(name).load(data.environment(environments / f"{name}.env"))
        monkeypatch.delenv("WATTLINE_TOKEN_SIGNING_KEY_FILE", raising=False)
        with pytest.raises(settings.SettingsError, match="WATTLINE_TOKEN_SIGNING_KEY_FILE"):
            local.mint(own, subject="s", scopes=["reading:read"])
        monkeypatch.setenv("WATTLINE_TOKEN_SIGNING_KEY_FILE", str(signing))
        made = local.mint(own, subject="s", scopes=["reading:read"])
        service = local.build(name, own, EmbeddedEventLog(environments / "events.db"))
        assert (await service.app.state.web.authenticator.caller_of_token(made)).subject == "s"
        await service.database.close()


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    subprocess.run(["bash", ROOT / "deploy" / "make-secrets.sh", folder], check=True, timeout=60)
    return folder / "environments"


@pytest.mark.parametrize("name", settings.SERVICES)
def test_each_service_accepts_the_environment_file_that_is_made_for_it(name: str, environments: Path) -> None:
    for file in (environments / f"{name}.env", environments / f"{name}-migrate.env"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        told = local.settings_of(name, environment=data.environment(file))
        assert make_url(told.database_url_of(name)).username == name
        assert (told.database_owner_password is not None) == file.name.endswith("-migrate.env")


def test_the_environment_files_of_two_services_share_no_secret_but_the_common_ones(environments: Path) -> None:
    found = [
        {
            line
            for file in environments.glob(f"{name}*.env")
            for line in re.findall(r"^\w*(?:PASSWORD|MASTER_KEY|SECRETS)=.+$", file.read_text(), re.M)
        }
        for name in settings.SERVICES
    ]
    assert sum(map(len, found)) == len(set().union(*found)) == 2 * len(settings.SERVICES) + 2


UNITS = {path.name: path.read_text() for path in (ROOT / "deploy" / "systemd").iterdir()}


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_runs_a_command_with_a_file_that_is_made(unit: str, environments: Path) -> None:
    told = dict(line.split("=", 1) for line in UNITS[unit].splitlines() if "=" in line and not line.startswith("#"))
    command = told["ExecStart"].replace("%i", "billing").split()
    assert command[0] == "/opt/wattline/bin/wattline"
    assert __main__._parser(command[1:]).parse_args(command[1:]).service == "billing"
    file = Path(told["EnvironmentFile"].replace("%i", "billing"))
    assert file.parent == Path("/etc/wattline/environments")
    assert (environments / file.name).exists()
    assert told["DynamicUser"] == told["NoNewPrivileges"] == "yes"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for name, text in UNITS.items():
        (tmp_path / name).write_text(text.replace("/opt/wattline/bin/wattline", "/bin/true"))
    command = [
        "systemd-analyze",
        "verify",
        "--man=no",
        *(str(tmp_path / name.replace("@", "@billing")) for name in UNITS),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


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
