"""The image is built by the rules that linters of Dockerfiles agree on; hadolint, where it is installed, agrees too."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
INSTRUCTIONS = frozenset(
    {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "USER", "WORKDIR"}
)
PINNED_IMAGE = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?[a-z0-9.-]*(@sha256:[0-9a-f]{64})?")


@dataclass(frozen=True)
class Instruction:
    name: str
    value: str


def parse(text: str) -> list[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [Instruction(*line.split(None, 1)) for line in joined.splitlines()]


def findings(instructions: list[Instruction]) -> list[str]:
    found = []
    stages: set[str] = set()
    user = "root"
    for one in instructions:
        words = one.value.split()
        match one.name:
            case "FROM":
                if words[0] not in stages and not PINNED_IMAGE.fullmatch(words[0]):
                    found.append(f"image without an exact version: {words[0]}")
                if len(words) == 3:
                    stages.add(words[2])
                user = "root"
            case "USER":
                user = one.value
            case "WORKDIR" if not one.value.startswith("/"):
                found.append("relative WORKDIR")
            case "COPY" if len(words) > 2 and "--from" not in one.value and not words[-1].endswith(("/", words[0])):
                found.append(f"COPY of several files needs a folder: {one.value}")
            case "CMD" | "ENTRYPOINT" if not isinstance(_json(one.value), list):
                found.append(f"{one.name} goes through a shell: {one.value}")
            case "RUN":
                found += run_findings(one.value)
        if one.name not in INSTRUCTIONS:
            found.append(f"unknown or discouraged instruction {one.name}")
    if user.split(":")[0] in ("root", "0"):
        found.append("the image runs as root")
    if [one.value.startswith("NONE") for one in instructions if one.name == "HEALTHCHECK"] != [False]:
        found.append("one HEALTHCHECK is needed")
    return found


def run_findings(command: str) -> list[str]:
    found = []
    if re.search(r"\bsudo\b|\bcd\s", command):
        found.append(f"sudo or cd in RUN: {command}")
    if "|" in command.replace("||", ""):
        found.append(f"a pipe hides a failure: {command}")
    if "pip install" in command and not ("--no-cache-dir" in command and is_locked(command)):
        found.append(f"pip install leaves a cache, or takes what is not locked: {command}")
    if "apt-get install" in command and not ("--no-install-recommends" in command and "/var/lib/apt/lists" in command):
        found.append(f"apt-get install leaves lists or takes recommended packages: {command}")
    return found


def is_locked(command: str) -> bool:
    """Return whether pip takes what a lock file names alone, or nothing but the product itself."""
    return "--require-hashes" in command or ("--no-deps" in command and "--no-build-isolation" in command)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def test_the_image_keeps_the_rules() -> None:
    assert findings(parse(DOCKERFILE.read_text())) == []


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("FROM python", "exact version"),
        ("FROM python:latest", "exact version"),
        ("USER 0", "runs as root"),
        ("WORKDIR here", "relative WORKDIR"),
        ("COPY a b c", "needs a folder"),
        ("CMD wattline up", "through a shell"),
        ("ADD x /x", "unknown or discouraged"),
        ("RUN cd /x && make", "sudo or cd"),
        ("RUN curl x | sh", "pipe"),
        ("RUN pip install x", "not locked"),
        ("RUN apt-get update && apt-get install -y x", "leaves lists"),
        ("HEALTHCHECK NONE", "one HEALTHCHECK"),
    ],
)
def test_each_rule_finds_what_it_forbids(line: str, finding: str) -> None:
    text = DOCKERFILE.read_text() + line + "\n"
    assert any(finding in one for one in findings(parse(text)))


def test_the_image_holds_only_what_the_ignore_file_lets_through() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copied = {
        word
        for one in parse(DOCKERFILE.read_text())
        if one.name == "COPY" and "--from" not in one.value
        for word in one.value.split()[:-1]
    }
    assert "*" in ignore
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_agrees() -> None:
    done = subprocess.run(["hadolint", DOCKERFILE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
