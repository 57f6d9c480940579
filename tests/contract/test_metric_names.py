"""Metric names follow Prometheus' conventions and say nothing about a customer."""

import re

import pytest

from shared.metrics import CATALOGUE, Metric

# Of few values each; an account, a meter or a person as a label would make a series per customer.
LABELS = {"channel", "job", "loop", "method", "reason", "result", "route", "state", "status", "topic", "type"}
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
