"""The house rules that neither ruff nor import-linter can say, as small checks over the syntax tree.

Each rule has a code. A line that has a reason to break one says so: `# lint: skip=CODE reason`, on the line or alone on
the line before it; a skip without a reason, of an unknown code, or that skips nothing is a finding itself.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

FUNCTION_LINES_MAX = 70  # one screen
FILE_LINES_MAX = 400
PURE_SHARED = frozenset(
    f"shared.{name}"
    for name in (
        "money",
        "exact",
        "arrays",
        "document",
        "dated",
        "statemachine",
        "errors",
        "ids",
        "clock",
        "regulation",
    )
)
PURE_PACKAGES = ("services/billing/rating/", "shared/regulation/")
EDGE_OF_PURE_PACKAGE = frozenset({"shared/regulation/packaged.py"})  # reads the documents that ship
PURE_LIBRARIES = frozenset({"numpy"})  # for what is calculated in bulk: exact integer arrays, no I/O
IMPURE_STDLIB = frozenset(
    [
        "asyncio",
        "concurrent",
        "ctypes",
        "ftplib",
        "glob",
        "http",
        "imaplib",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "pickle",
        "queue",
        "random",
        "secrets",
        "select",
        "selectors",
        "shelve",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
    ]
)
# The one pure module that holds an edge itself: ids are made from the time and from randomness.
EDGE_OF_PURE_MODULE = {"shared/ids.py": {"os", "time"}}
ARRAYS = "shared/arrays.py"
CLOCK_CALLS = frozenset({"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"})
CLOCK_OWNERS = frozenset({"datetime", "date", "time", "dt"})
RELATIONSHIPS = frozenset({"relationship", "Relationship", "selectinload", "joinedload", "subqueryload", "lazyload"})
UNIT_OF_WORK = ("shared/db/connection.py", "shared/db/engine.py")  # savepoints; the commit itself
OFFSET_OWNERS = frozenset({"consumer", "subscription"})  # the event log's commit is of an offset, not of a database
# the pure layer of a capability: a file until it outgrows one
DOMAIN = re.compile(r"services/(?P<service>\w+)/(\w+/)?domain(\.py|/)")
PURE_OF_SERVICE = r"services\.{service}\.((\w+\.)?domain|rating)\."
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
SKIP = re.compile(r"#\s*lint:\s*skip=(?P<code>[A-Z-]+)(?P<reason>.*)")

Violation = tuple[int, str]  # line, text


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code}: {self.text}"


@dataclass(frozen=True)
class Source:
    """One file under shared/ or services/, by its path from the root of the checkout."""

    path: str
    text: str
    tree: ast.Module

    @property
    def in_domain(self) -> bool:
        if self.path in EDGE_OF_PURE_PACKAGE:
            return False
        return self.path.startswith(PURE_PACKAGES) or bool(DOMAIN.match(self.path))

    @property
    def is_pure_shared(self) -> bool:
        return self.path.removesuffix(".py").replace("/", ".") in PURE_SHARED

    @property
    def is_migration(self) -> bool:
        return "migrations" in PurePosixPath(self.path).parts


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _calls(source: Source) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield each call with the last name of what is called and of its owner: `a.b.c()` gives "c", "b"."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            owner = _last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            yield node, _last_name(node.func), owner


def _imports(source: Source) -> Iterator[tuple[int, str]]:
    """Yield each imported module; `from a import b` is both `a` and `a.b`, as b may be a module."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def domain_reads_no_clock(source: Source) -> Iterator[Violation]:
    if source.in_domain:
        for node, name, owner in _calls(source):
            if name in CLOCK_CALLS and owner in CLOCK_OWNERS:
                yield node.lineno, f"{owner}.{name}() in the domain: take the date as an argument"


def domain_has_no_float(source: Source) -> Iterator[Violation]:
    if source.in_domain:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
                yield node.lineno, f"float literal {node.value!r}: write a decimal from a string"
            elif isinstance(node, ast.Name | ast.Attribute) and re.fullmatch(
                r"float(16|32|64|ing)?_?", _last_name(node)
            ):
                yield node.lineno, "float in the domain: money and energy are integers, prices decimals"


def domain_does_not_wait(source: Source) -> Iterator[Violation]:
    if source.in_domain:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith):
                yield node.lineno, "await or async in the domain"


def pure_modules_import_only_pure_modules(source: Source) -> Iterator[Violation]:
    if not (source.in_domain or source.is_pure_shared):
        return
    own_service = re.compile(PURE_OF_SERVICE.format(service=PurePosixPath(source.path).parts[1]))
    for line, module in _imports(source):
        top = module.split(".")[0]
        allowed = (
            (top in sys.stdlib_module_names and top not in IMPURE_STDLIB)
            or any((module + ".").startswith(pure + ".") for pure in PURE_SHARED)
            or (source.in_domain and own_service.match(module + "."))
            or ((source.in_domain or source.path == ARRAYS) and top in PURE_LIBRARIES)
            or top in EDGE_OF_PURE_MODULE.get(source.path, ())
        )
        if not allowed:
            yield line, f"imports {module}, which is not pure"


def only_the_unit_of_work_commits(source: Source) -> Iterator[Violation]:
    if source.path in UNIT_OF_WORK or source.path.startswith("shared/testing/"):
        return
    for node, name, owner in _calls(source):
        is_offset = source.path.startswith("shared/bus/") and owner.strip("_") in OFFSET_OWNERS
        if name == "commit" and owner and not is_offset:
            yield node.lineno, f"{owner}.commit(): only the unit of work commits"


def nobody_writes_row_by_row(source: Source) -> Iterator[Violation]:
    for node, name, owner in _calls(source):
        if name == "add_all" or (name == "add" and re.search(r"session$", owner, re.IGNORECASE)):
            yield node.lineno, f"{owner}.{name}(): write sets with shared.db.bulk"
        elif name in RELATIONSHIPS:
            yield node.lineno, f"{name}(): no relationship loading, join in a query"


def functions_fit_on_a_screen(source: Source) -> Iterator[Violation]:
    if source.is_migration:
        return
    for node in ast.walk(source.tree):
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
        if any(_last_name(decorator) in PROPERTIES for decorator in function.decorator_list):
            continue  # it is named and read like a field
        first = (ast.get_docstring(function) or "Return").split()[0].strip(",.:;")
        third_person = first.endswith("s") and not first.endswith("ss")
        gerund = first.endswith("ing") and first not in VERBS_IN_ING
        if third_person or gerund or first in NO_VERBS:
            yield (
                function.lineno,
                f'{function.name}: "This function will {first[0].lower()}{first[1:]} …" is no sentence',
            )


RULES: dict[str, Callable[[Source], Iterator[Violation]]] = {
    "DOMAIN-CLOCK": domain_reads_no_clock,
    "DOMAIN-FLOAT": domain_has_no_float,
    "DOMAIN-ASYNC": domain_does_not_wait,
    "PURE-IMPORT": pure_modules_import_only_pure_modules,
    "COMMIT": only_the_unit_of_work_commits,
    "ROW-BY-ROW": nobody_writes_row_by_row,
    "LONG-FUNCTION": functions_fit_on_a_screen,
    "LONG-FILE": files_are_short,
    "DOC-VERB": docstrings_begin_with_a_verb,
}


def _skips(source: Source) -> dict[tuple[int, str], tuple[int, str]]:
    """Return (skipped line, code) -> (line of the comment, reason)."""
    found = {}
    lines = source.text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT and (match := SKIP.match(token.string)):
            line = token.start[0]
            alone = lines[line - 1].lstrip().startswith("#")
            found[(line + 1 if alone else line, match["code"])] = (line, match["reason"].strip())
    return found


def check(path: str, text: str) -> list[Finding]:
    """Return what one file does against the house rules, in the order of its lines."""
    source = Source(path, text, ast.parse(text, path))
    skips = _skips(source)
    findings, used = [], set()
    for code, rule in RULES.items():
        for line, message in rule(source):
            if (line, code) in skips:
                used.add((line, code))
            else:
                findings.append(Finding(path, line, code, message))
    for key, (line, reason) in skips.items():
        if key[1] not in RULES:
            findings.append(Finding(path, line, "SKIP", f"no rule is called {key[1]}"))
        elif key not in used:
            findings.append(Finding(path, line, "SKIP", f"nothing to skip here for {key[1]}"))
        elif not reason:
            findings.append(Finding(path, line, "SKIP", f"say why {key[1]} is skipped"))
    return sorted(findings, key=lambda finding: (finding.line, finding.code))
