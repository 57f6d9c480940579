"""The documents are true: every link leads somewhere, and the README lists the commands that there are."""

import re
import tomllib
from pathlib import Path

import pytest

from services import __main__ as command
from tests.kits import guide

ROOT = guide.ROOT
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "services/*/README.md", "shared/**/README.md", "deploy/README.md")
    for path in ROOT.glob(pattern)
    if ".venv" not in path.parts
)
PRODUCT = [file for folder in ("services", "shared", "tests", "deploy") for file in (ROOT / folder).rglob("*.py")]
PLACE = re.compile(r"`(?P<file>[\w/]+\.py)(?:: (?P<name>\w+))?`")
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)(?P<target>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")


def of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=of)
def test_every_link_of_a_document_leads_somewhere(path: Path) -> None:
    for match in LINK.finditer(path.read_text()):
        target = (path.parent / match["target"]).resolve() if match["target"] else path
        assert target.exists(), match[0]
        if match["anchor"]:
            titles = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert match["anchor"] in anchors, match[0]


def test_the_readme_lists_the_commands_that_there_are() -> None:
    _, _, running = (ROOT / "README.md").read_text().partition("## Running it")
    (choices,) = (action.choices for action in command._parser([])._actions if action.dest == "command")
    assert choices is not None
    assert not [name for name in choices if not re.search(rf"(?<![\w-]){name}(?![\w-])", running)]


@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if path.parent.name != "adr"], ids=of
)  # those speak of their time
def test_every_file_and_name_that_a_document_speaks_of_is_there(path: Path) -> None:
    for match in PLACE.finditer(path.read_text()):
        files = [file for file in PRODUCT if f"/{of(file)}".endswith(f"/{match['file']}")]
        assert files, match[0]
        name = match["name"]
        assert not name or any(re.search(rf"(def|class) {name}\b|^{name}\b.*=", f.read_text(), re.M) for f in files), (
            match[0]
        )


OF_NO_CAPABILITY = ("main", "contents", "base | settings")


def test_the_architecture_shows_the_capabilities_in_the_order_that_the_contracts_hold() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    shown = dict(re.findall(r"^(\w+) +(\w.* → .*)$", (ROOT / "docs" / "architecture.md").read_text(), re.M))
    held = {}
    for contract in contracts:
        if match := re.fullmatch(r"Capabilities of (\w+) have one order", contract["name"]):
            layers = [layer for layer in reversed(contract["layers"]) if layer not in OF_NO_CAPABILITY]
            held[match[1]] = " → ".join(layer.replace(" | ", ", ") for layer in layers)
    assert held
    assert shown == held
