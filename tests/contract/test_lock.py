"""What is installed is locked, by version and by the hashes of its files."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PRODUCT, ALL = "requirements.lock", "requirements-dev.lock"
BUILT_WITH = PROJECT["build-system"]["requires"]
WANTED = {
    PRODUCT: [*PROJECT["project"]["dependencies"], *BUILT_WITH],
    ALL: [*PROJECT["project"]["dependencies"], *BUILT_WITH, *PROJECT["project"]["optional-dependencies"]["dev"]],
}
ENTRY = re.compile(r"([a-z0-9-]+)==(\S+)(?: ; [^\\]+)? \\((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)")


def entries(name: str) -> dict[str, str]:
    """Return the entries of a lock file by what they name."""
    text = (ROOT / name).read_text()
    found = {match[1]: match[0] for match in ENTRY.finditer(text)}
    assert "\n".join(found.values()) == text.strip(), "nothing but exact versions with hashes"
    return found


@pytest.mark.parametrize("name", WANTED)
def test_what_the_project_names_is_locked(name: str) -> None:
    named = {re.split(r"[\[<>=; ]", one)[0].lower() for one in WANTED[name]}
    assert named <= entries(name).keys()


def test_the_product_has_the_versions_that_were_tested() -> None:
    product = entries(PRODUCT)
    assert product.items() <= entries(ALL).items()
    assert len(product) < len(entries(ALL))


def test_make_installs_what_is_locked_and_nothing_else() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("$(VENV)/ready:")[2].partition("\n\n")[0]
    locked, product = re.findall(r"pip install (.*)", recipe)
    assert f"--require-hashes --requirement {ALL}" in locked
    assert "--no-deps --no-build-isolation" in product
