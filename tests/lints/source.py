"""What a lint sees: one file with its syntax tree, and what most lints ask of it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

Violation = tuple[int, str]  # line, text


@dataclass(frozen=True)
class Source:
    """One file under shared/ or services/, by its path from the root of the checkout."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def nodes(self) -> Sequence[ast.AST]:
        """All of the tree: walked once for all rules."""
        return list(ast.walk(self.tree))

    @property
    def is_migration(self) -> bool:
        return "migrations" in PurePosixPath(self.path).parts


def last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def calls(source: Source) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield each call with the last name of what is called and of its owner: `a.b.c()` gives "c", "b"."""
    for node in source.nodes:
        if isinstance(node, ast.Call):
            owner = last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            yield node, last_name(node.func), owner


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Yield each imported module; `from a import b` is both `a` and `a.b`, as b may be a module."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
