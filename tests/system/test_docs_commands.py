"""Every command of the documents that a developer starts with is run, in a copy of the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kits import guide

ROOT = guide.ROOT
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
ELSEWHERE = {  # commands that this run cannot contain, and what runs them
    "make check": ".ci/run",
    "make test": ".ci/run",
    "make demo": "tests/system/test_demo.py",
    "make chaos": "tests/e2e/test_kills.py",
}
OTHERS = {"device-messages.md": "tests/contract/test_device_messages.py"}  # documents whose commands belong together
SECONDS_MAX = 120


def commands(path: Path) -> list[str]:
    """Return the lines of the `sh` blocks of a document."""
    return [
        line
        for step in guide.steps(path)
        if step.language == "sh"
        for line in step.text.splitlines()
        if line and not line.startswith("#")
    ]


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if commands(path)], ids=lambda path: path.name)
def test_every_command_of_a_document_runs(path: Path, tmp_path: Path) -> None:
    guide.copy(tmp_path)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "ARGS"))}
    environment = own | {"PATH": f"{sys.prefix}/bin:{os.environ['PATH']}"}
    for line in commands(path):
        if elsewhere := next(
            (file for start, file in ELSEWHERE.items() if line.startswith(start)), OTHERS.get(path.name)
        ):
            assert (ROOT / elsewhere).exists()
            continue
        done = subprocess.run(
            ["bash", "-euc", line],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
