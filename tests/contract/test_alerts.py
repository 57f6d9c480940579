"""Each alert watches a metric that there is, has a runbook and a test; Prometheus scrapes what answers."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from shared import metrics, settings
from shared.web import platform_routes
from tests.kits.compose import ROOT, scraped

RUNBOOKS = ROOT / "docs" / "runbooks"
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
TESTS = ("tests/contract/alerts_test.yml", "tests/contract/alerts_of_days_test.yml")
# Of PromQL itself, and the one series that Prometheus makes.
NOT_METRICS = {"sum", "max", "by", "increase", "rate", "time", "up", "job", "service", "wattline", "or", "and"}


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
        metric.exported
        for metric in metrics.CATALOGUE
        if any(kind in metric.name for kind in ("oldest_age", "overdue_oldest", "imbalance", "faults"))
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
    tested = [test for path in TESTS for test in yaml.safe_load((ROOT / path).read_text())["tests"]]
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
        *(("test", "rules", path) for path in TESTS),
    ],
    ids=" ".join,
)
def test_promtool_agrees(command: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *command], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
