"""Metric names follow Prometheus' conventions and say nothing about a customer; a service exports its own and no other's."""

import re

import pytest

from shared.metrics import CATALOGUE, PREFIX, Metric, Metrics
from shared.settings import SERVICES

# Of few values each; an account, a meter or a person as a label would make a series per customer.
LABELS = {
    "channel",
    "gateway",
    "job",
    "kind",
    "loop",
    "method",
    "reason",
    "result",
    "route",
    "setting",
    "state",
    "status",
    "step",
    "topic",
    "type",
}
LABELS |= {"python", "version"}  # of a build
BASE_UNITS = ("_seconds", "_bytes", "_fen", "_wh")
OTHER_UNITS = re.compile(r"_(ms|milliseconds|minutes|hours|days|yuan|kwh|kb|mb|percent)(_|$)")


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert not OTHER_UNITS.search(metric.name), "base units only"
    if metric.kind == "histogram" or "_age_" in metric.name or "_lag_" in metric.name:
        assert metric.name.endswith(BASE_UNITS)
    assert set(metric.labels) <= LABELS
    assert metric.meaning


def test_a_metric_has_one_entry() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names)


def exported(service: str) -> set[str]:
    """Return the names that a service shows, whether or not there is a value yet."""
    return set(re.findall(r"^# TYPE (\w+) ", Metrics(service).exposition().decode(), re.MULTILINE))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_exports_its_own_metrics_with_the_prefix_and_those_of_the_process(service: str) -> None:
    ours = {name for name in exported(service) if not name.startswith("process_")}
    own = {metric.exported for metric in CATALOGUE if metric.service in ("", service)}
    assert ours == own
    assert all(name.startswith(PREFIX) for name in ours)
    assert "process_resident_memory_bytes" in exported(service)
    with pytest.raises(KeyError):
        Metrics(service).counter("notices_total" if service != "notify" else "reads_total")
