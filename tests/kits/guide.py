"""A guide followed to the letter: its files are written, its diffs applied, its commands run, in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STEP_SECONDS_MAX = 240
_FENCE = re.compile(r"^```(?P<language>\w+)(?: path=(?P<path>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A fenced block of a guide: a file to write (`path`), a `diff` to apply, or `sh` commands to run."""

    language: str
    path: str | None
    text: str
    line: int


def steps(guide: Path) -> list[Step]:
    """Return the steps of a guide in order; what is neither file, diff nor command is only shown."""
    text = guide.read_text()
    found = [
        Step(match["language"], match["path"], match["text"], text.count("\n", 0, match.start()) + 1)
        for match in _FENCE.finditer(text)
    ]
    return [step for step in found if step.path or step.language in ("diff", "sh")]


def copy(target: Path) -> None:
    """Copy the checkout, without what git ignores, as a repository of its own; the virtual environment is shared.

    What Python has compiled is copied too, and is as good there as here: it goes by the size and time of its source.
    """
    names = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(names, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for folder in {(target / name).parent for name in listed.split("\0") if name.endswith(".py")}:
        compiled = ROOT / folder.relative_to(target) / "__pycache__"
        if folder.is_dir() and compiled.is_dir():
            shutil.copytree(compiled, folder / "__pycache__")
    for command in (["init", "--quiet"], ["add", "--all"]):  # the house rules look at what git tracks
        subprocess.run(["git", *command], cwd=target, capture_output=True, check=True, timeout=60)
    (target / ".venv").symlink_to(sys.prefix)


def follow(guide: Path, checkout: Path) -> None:
    """Do each step of a guide in a copy of the checkout; raises where one fails, with its line."""
    environment = os.environ | {
        "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
        "GIT_CEILING_DIRECTORIES": str(checkout.parent),
    }
    for step in steps(guide):
        if step.path:
            target = checkout / step.path
            assert not target.exists(), f"{guide.name}:{step.line}: {step.path} is there already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text)
            continue
        command = ["git", "apply", "--recount", "-"] if step.language == "diff" else ["bash", "-euo", "pipefail", "-s"]
        done = subprocess.run(
            command,
            cwd=checkout,
            env=environment,
            input=step.text,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS_MAX,
            check=False,
        )
        said = (done.stdout + done.stderr)[-3000:]
        assert done.returncode == 0, f"{guide.name}:{step.line}: {step.language} failed:\n{step.text}\n{said}"
