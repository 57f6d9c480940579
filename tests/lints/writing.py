"""How code is written: units of work, sets instead of rows, sizes, docstrings."""

import ast
import re
from collections.abc import Iterator

from tests.lints.source import Source, Violation, calls, last_name

FUNCTION_LINES_MAX = 70  # one screen
FILE_LINES_MAX = 400
RELATIONSHIPS = frozenset({"relationship", "Relationship", "selectinload", "joinedload", "subqueryload", "lazyload"})
UNIT_OF_WORK = ("shared/db/connection.py", "shared/db/engine.py")  # savepoints; the commit itself
OFFSET_OWNERS = frozenset({"consumer", "subscription"})  # the event log's commit is of an offset, not of a database
PROPERTIES = frozenset({"property", "cached_property"})
VERBS_IN_ING = frozenset({"Bring", "Ring"})
NO_VERBS = frozenset(
    {
        "A",
        "All",
        "An",
        "Each",
        "Every",
        "It",
        "Nothing",
        "One",
        "The",
        "This",
        "What",
        "Whether",
        "Which",
        "Who",
        "Whom",
    }
)


def only_the_unit_of_work_commits(source: Source) -> Iterator[Violation]:
    if source.path in UNIT_OF_WORK or source.path.startswith("shared/testing/"):
        return
    for node, name, owner in calls(source):
        is_offset = source.path.startswith("shared/bus/") and owner.strip("_") in OFFSET_OWNERS
        if name == "commit" and owner and not is_offset:
            yield node.lineno, f"{owner}.commit(): only the unit of work commits"


def nobody_writes_row_by_row(source: Source) -> Iterator[Violation]:
    for node, name, owner in calls(source):
        if name == "add_all" or (name == "add" and re.search(r"session$", owner, re.IGNORECASE)):
            yield node.lineno, f"{owner}.{name}(): write sets with shared.db.bulk"
        elif name in RELATIONSHIPS:
            yield node.lineno, f"{name}(): no relationship loading, join in a query"


def functions_fit_on_a_screen(source: Source) -> Iterator[Violation]:
    if source.is_migration:
        return
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield node.lineno, f"{node.name} has {lines} lines, more than {FUNCTION_LINES_MAX}"


def files_are_short(source: Source) -> Iterator[Violation]:
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX and not source.is_migration:
        yield 1, f"{lines} lines, more than {FILE_LINES_MAX}"


def _public_functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions of a module and the methods of its classes that have no underscore before their name."""
    for child in ast.iter_child_nodes(node):
        public = not getattr(child, "name", "_").startswith("_")
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and public:
            yield child
        elif isinstance(child, ast.ClassDef) and public:
            yield from _public_functions(child)


def docstrings_begin_with_a_verb(source: Source) -> Iterator[Violation]:
    for function in _public_functions(source.tree):
        if any(last_name(decorator) in PROPERTIES for decorator in function.decorator_list):
            continue  # it is named and read like a field
        first = (ast.get_docstring(function) or "Return").split()[0].strip(",.:;")
        third_person = first.endswith("s") and not first.endswith("ss")
        gerund = first.endswith("ing") and first not in VERBS_IN_ING
        if third_person or gerund or first in NO_VERBS:
            yield (
                function.lineno,
                f'{function.name}: "This function will {first[0].lower()}{first[1:]} …" is no sentence',
            )
