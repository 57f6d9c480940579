"""What is installed is locked, by version and by the hashes of its files."""

import re
import subprocess
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PRODUCT, ALL = "requirements.lock", "requirements-dev.lock"
LOCKS = {PRODUCT, ALL, "requirements-bench.lock", "requirements-uv.lock"}
BUILT_WITH = PROJECT["build-system"]["requires"]
WANTED = {
    PRODUCT: [*PROJECT["project"]["dependencies"], *BUILT_WITH],
    ALL: [*PROJECT["project"]["dependencies"], *BUILT_WITH, *PROJECT["project"]["optional-dependencies"]["dev"]],
}
ENTRY = re.compile(r"([a-z0-9-]+)==(\S+)(?: ; ([^\\]+))? \\((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)")


def entries(name: str) -> dict[str, str]:
    """Return the entries of a lock file by what they name."""
    text = (ROOT / name).read_text()
    found = {match[1]: match[0] for match in ENTRY.finditer(text)}
    assert "\n".join(found.values()) == text.strip(), "nothing but exact versions with hashes"
    return found


def needed(requirements: Iterable[str]) -> set[str]:
    """Return what requirements need here, with all that these need, by what the installed packages say."""
    found: set[tuple[str, str]] = set()
    waiting = [("", Requirement(text)) for text in requirements]
    while waiting:
        asked_by, one = waiting.pop()
        if one.marker and not one.marker.evaluate({"extra": asked_by}):
            continue
        name = canonicalize_name(one.name)
        for extra in {"", *one.extras} - {known for of, known in found if of == name}:
            found.add((name, extra))
            waiting += [(extra, Requirement(text)) for text in metadata.requires(name) or ()]
    return {name for name, _ in found}


@pytest.mark.parametrize("name", sorted(LOCKS))
def test_a_lock_is_of_exact_versions_with_hashes(name: str) -> None:
    assert entries(name)


def test_there_is_no_other_lock() -> None:
    assert {path.name for path in ROOT.glob("requirements*")} == LOCKS


@pytest.mark.parametrize("name", WANTED)
def test_what_the_project_names_is_locked_in_a_version_that_it_allows(name: str) -> None:
    locked = entries(name)
    for one in map(Requirement, WANTED[name]):
        match = ENTRY.fullmatch(locked[canonicalize_name(one.name)])
        assert match
        assert one.specifier.contains(match[2]), one


def test_the_product_needs_all_that_is_in_its_lock_and_nothing_else() -> None:
    markers = {name: ENTRY.fullmatch(entry)[3] for name, entry in entries(PRODUCT).items()}  # type: ignore[index]
    here = {name for name, marker in markers.items() if marker is None or Marker(marker).evaluate()}
    assert here == needed(WANTED[PRODUCT])


def test_the_product_has_the_versions_that_were_tested() -> None:
    product = entries(PRODUCT)
    assert product.items() <= entries(ALL).items()


def test_nothing_is_installed_but_by_its_hash_wherever_it_is_written() -> None:
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--", ".", ":!tests/contract"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout.decode().split("\0")
    lines = [
        f"{name}: {line.strip()}"
        for name in names
        if name and (ROOT / name).is_file()
        for line in (ROOT / name).read_bytes().decode(errors="ignore").splitlines()
        if "pip install" in line
    ]
    by_hash = re.compile(r"--require-hashes (-r|--requirement) requirements[a-z-]*\.lock\b")
    itself = re.compile(r"--no-deps --no-build-isolation( --editable)? \.$")
    assert [line for line in lines if not by_hash.search(line) and not itself.search(line)] == []
    for place in ("Makefile", "deploy/Dockerfile", "deploy/README.md"):
        assert any(line.startswith(f"{place}: ") for line in lines), place


def test_make_installs_what_is_locked_and_nothing_else() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("$(VENV)/ready:")[2].partition("\n\n")[0]
    locked, product = re.findall(r"pip install (.*)", recipe)
    assert f"--require-hashes --requirement {ALL}" in locked
    assert "--no-deps --no-build-isolation" in product
