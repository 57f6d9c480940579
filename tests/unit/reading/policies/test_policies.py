"""Policies are documents with dates."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.reading import policy_files as policies


def _write(directory: Path, name: str, start: str, end: str | None, **changes: Any) -> None:
    document = json.loads((policies.DEFAULT_DIRECTORY / "default.json").read_text())
    document["effective"] = {"from": start, "to": end}
    (directory / f"{name}.json").write_text(json.dumps(document | changes))


def test_the_shipped_policy_is_in_force_today() -> None:
    policy = policies.load().on(date(2026, 2, 1))
    assert (policy.window_days, policy.estimates_in_a_row_max, policy.high.delta_wh_min) == (1, 6, 50_000)


def test_a_policy_is_taken_by_its_dates(tmp_path: Path) -> None:
    _write(tmp_path, "a", "2000-01-01", "2026-02-01")
    _write(tmp_path, "b", "2026-02-01", None, version=2)
    loaded = policies.load(tmp_path)
    assert [loaded.on(day).version for day in (date(2026, 1, 31), date(2026, 2, 1))] == [1, 2]
    with pytest.raises(LookupError):
        loaded.on(date(1999, 12, 31))


@pytest.mark.parametrize("start", ["2026-01-31", "2026-02-02"])
def test_a_gap_or_an_overlap_in_time_is_refused(tmp_path: Path, start: str) -> None:
    _write(tmp_path, "a", "2000-01-01", "2026-02-01")
    _write(tmp_path, "b", start, None)
    with pytest.raises(ValueError, match="gap or overlap"):
        policies.load(tmp_path)


def test_no_policy_and_one_that_ends_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="open-ended"):
        policies.load(tmp_path)
    _write(tmp_path, "a", "2000-01-01", "2026-02-01")
    with pytest.raises(ValueError, match="open-ended"):
        policies.load(tmp_path)


def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "a", "2000-01-01", None, spikes={})
    with pytest.raises(ValueError, match="spikes"):
        policies.load(tmp_path)
