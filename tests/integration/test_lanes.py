"""A lane whose server or tool cannot be had is named loudly, and fails the run that requires it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDS_PROMTOOL = "tests/contract/test_alerts.py::test_promtool_agrees"


def run_without_tools(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Run tests that need promtool where there is none."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("WATTLINE_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", NEEDS_PROMTOOL],
        cwd=ROOT,
        env=own | {"PATH": "/nonexistent"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_lane_that_cannot_be_had_is_skipped_and_named_at_the_end() -> None:
    run = run_without_tools()
    assert run.returncode == 0, run.stdout + run.stderr
    assert "LANE NOT RUN: promtool: " in run.stdout
    assert "passed" not in run.stdout


def test_a_required_lane_that_cannot_be_had_fails() -> None:
    run = run_without_tools(WATTLINE_REQUIRE="promtool")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "the promtool lane is required: promtool is not installed" in run.stdout


def test_a_requirement_that_names_no_lane_is_refused() -> None:
    run = run_without_tools(WATTLINE_REQUIRE="postgers")
    assert run.returncode not in (0, 1)
    assert "WATTLINE_REQUIRE names no lane: postgers" in run.stdout + run.stderr
