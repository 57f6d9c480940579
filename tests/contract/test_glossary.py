"""The glossary names what is there: every term leads to a module, or to a name that stands in it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<term>[^|]+) \| (?P<chinese>[^|]+) \| `(?P<code>[\w.:]+)` \| (?P<owner>\w+) \|$")
LINES = [line for line in (ROOT / "docs" / "glossary.md").read_text().splitlines() if line.startswith("| ")][1:]
ROWS = [row for line in LINES if (row := ROW.match(line))]


def is_there(code: str) -> bool:
    """Return whether `module` or `module:Name` is in the tree: the name assigned, or defined, at the top of the module."""
    module, _, name = code.partition(":")
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        return False
    return not name or name in names(ast.parse(file.read_text()))


def names(tree: ast.Module) -> set[str]:
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_every_line_is_a_term_with_its_chinese_its_name_and_its_owner() -> None:
    assert len(ROWS) == len(LINES) >= 80


def test_the_terms_are_in_alphabetical_order_and_each_stands_once() -> None:
    terms = [row["term"].casefold() for row in ROWS]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["term"])
def test_the_name_of_a_term_is_in_the_code_of_its_owner(row: re.Match[str]) -> None:
    owner = row["owner"]
    assert is_there(row["code"]), row["code"]
    assert row["code"].startswith("shared." if owner == "shared" else f"services.{owner}.")


def test_a_name_that_is_nowhere_is_found_out() -> None:
    assert is_there("shared.dated:Period")
    assert not is_there("shared.dated:Perod")
    assert not is_there("shared.dates")
