"""What comes in: days that a utility can mean, and ASCII digits."""

import ast
from collections.abc import Iterator

from tests.lints.source import Source, Violation, last_name

COME_IN = frozenset({"In", "Fact", "Part", "Reference"})  # the bases of bodies, and of facts and their parts
BARE = {"date": "Day", "datetime": "Instant"}


def days_that_come_in_are_in_range(source: Source) -> Iterator[Violation]:
    for annotation in _coming_in(source):
        for node in ast.walk(annotation):
            if isinstance(node, ast.Name) and node.id in BARE:
                yield (
                    node.lineno,
                    f"{node.id} comes in: shared.fields.{BARE[node.id]} refuses the year 1, 9999 and numbers",
                )


def digits_are_ascii(source: Source) -> Iterator[Violation]:
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and r"\d" in node.value:
            yield node.lineno, r"\d also takes ２０２６: write [0-9]"


def _coming_in(source: Source) -> Iterator[ast.expr]:
    """Yield what fields of bodies and facts, and parameters of routes, are annotated with."""
    bases = set(COME_IN)
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and bases & {last_name(base) for base in node.bases}:
            bases.add(node.name)
            yield from (field.annotation for field in node.body if isinstance(field, ast.AnnAssign))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_is_route, node.decorator_list)):
            given = [*node.args.args, *node.args.kwonlyargs]
            yield from (each.annotation for each in given if each.annotation is not None)


def _is_route(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and last_name(called.value) == "router"
