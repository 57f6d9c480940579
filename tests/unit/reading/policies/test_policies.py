"""Policies are documents with dates."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.reading.main import load_policies
from services.reading.policies.domain import load
from services.reading.settings import SHIPPED_POLICY
from shared.document import DocumentError
from shared.settings import SettingsError


def _version(start: str, end: str | None, **changes: Any) -> dict[str, Any]:
    (version,) = json.loads(SHIPPED_POLICY.read_text())["versions"]
    return version | {"effective": {"from": start, "to": end}} | changes


def _document(*versions: dict[str, Any]) -> dict[str, Any]:
    return {"id": "CN/reading", "title": "rules", "versions": list(versions)}


def test_the_shipped_policy_is_in_force_today() -> None:
    policy = load_policies(SHIPPED_POLICY).on(date(2026, 2, 1))
    assert (policy.window_days, policy.estimates_in_a_row_max, policy.high.delta_wh_min) == (1, 6, 50_000)


def test_a_policy_is_taken_by_its_dates() -> None:
    loaded = load(_document(_version("2000-01-01", "2026-02-01"), _version("2026-02-01", None, version="2")))
    assert [loaded.version_on(day).name for day in (date(2026, 1, 31), date(2026, 2, 1))] == ["1", "2"]
    with pytest.raises(LookupError):
        loaded.on(date(1999, 12, 31))


@pytest.mark.parametrize(("start", "code"), [("2026-01-31", "version_overlap"), ("2026-02-02", "version_gap")])
def test_a_gap_or_an_overlap_in_time_is_refused(start: str, code: str) -> None:
    with pytest.raises(DocumentError, match=f"{code} at /versions/1/effective"):
        load(_document(_version("2000-01-01", "2026-02-01"), _version(start, None)))


def test_no_policy_and_one_that_ends_are_refused() -> None:
    with pytest.raises(DocumentError, match="at /versions: at least one"):
        load(_document())
    with pytest.raises(DocumentError, match="at /versions: the last version must be open-ended"):
        load(_document(_version("2000-01-01", "2026-02-01")))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"spikes": {}}, "/spikes:"),
        ({"reads": {"future_seconds_max": 300, "window_days": 1}}, "/reads/midnight_tolerance_seconds:"),
        (
            {
                "reads": {
                    "future_seconds_max": 300,
                    "midnight_tolerance_seconds": 60,
                    "window_days": 0,
                    "read_tolerance_days": 0,
                }
            },
            "/reads/window_days:",
        ),
        ({"rollover": {"register_daily_kwh_max": 1.5}}, "/rollover/register_daily_kwh_max:"),
        ({"estimates": {"method": "guess", "in_a_row_max": 6}}, "/estimates/method:"),
        ({"validation": {"high": {"percent": 50, "delta_kwh_min": 50}}}, "/validation/low:"),
        ({"curves": {"gap_fill_minutes_max": 120}}, "/curves/like_day_minutes_max:"),
    ],
)
def test_a_policy_with_a_fault_is_refused_with_its_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(DocumentError, match=f"at /versions/0{path}"):
        load(_document(_version("2000-01-01", None, **change)))


def test_a_policy_file_that_is_not_usable_is_refused_with_the_name_of_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text("{")
    with pytest.raises(SettingsError, match="WATTLINE_READING_POLICY"):
        load_policies(file)


def test_all_faults_of_a_policy_are_told_at_once() -> None:
    wrong = _version("2000-01-01", None, spikes={}, estimates=1, rollover={"register_daily_kwh_max": 0})
    wrong["curves"] = {**wrong["curves"], "filled_percent_max": 99, "gap_fill_minutes_max": -1}
    with pytest.raises(DocumentError) as refused:
        load(_document(wrong, _version("2026-01-01", None, validation={})))
    assert [fault.pointer.removeprefix("/versions") for fault in refused.value.faults] == [
        "/0/spikes",
        "/0/estimates",
        "/0/rollover/register_daily_kwh_max",
        "/0/curves/gap_fill_minutes_max",
        "/0/curves/filled_percent_max",
        "/1/effective",
        "/1/validation/high",
        "/1/validation/low",
    ]
