"""The domain: no clock, no float, no waiting, and nothing imported that has any of them."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.lints.source import Source, Violation, calls, imports, last_name

PURE_SHARED = frozenset(
    f"shared.{name}"
    for name in (
        "civil",
        "natural",
        "money",
        "exact",
        "arrays",
        "business_calendar",
        "document",
        "forms",
        "dated",
        "org_units",
        "second_person",
        "statemachine",
        "frozen",
        "errors",
        "packed",
        "regulation",
    )
)
PURE_PACKAGES = ("services/billing/rating/", "shared/regulation/", "shared/business_calendar/")
EDGE_OF_PURE_PACKAGE = frozenset(  # reads the documents that ship
    {"shared/regulation/packaged.py", "shared/business_calendar/folder.py"}
)
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
ARRAYS = "shared/arrays.py"
CLOCK_CALLS = frozenset({"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"})
CLOCK_OWNERS = frozenset({"datetime", "date", "time", "dt"})
# the pure layer of a capability: a file until it outgrows one
DOMAIN = re.compile(r"services/(?P<service>\w+)/\w+/domain(\.py|/)")
PURE_OF_SERVICE = r"services\.{service}\.(\w+\.domain|rating)\."


def _in_domain(source: Source) -> bool:
    if source.path in EDGE_OF_PURE_PACKAGE:
        return False
    return source.path.startswith(PURE_PACKAGES) or bool(DOMAIN.match(source.path))


def _is_pure_shared(source: Source) -> bool:
    return source.path.removesuffix(".py").replace("/", ".") in PURE_SHARED


def domain_reads_no_clock(source: Source) -> Iterator[Violation]:
    if _in_domain(source):
        for node, name, owner in calls(source):
            if name in CLOCK_CALLS and owner in CLOCK_OWNERS:
                yield node.lineno, f"{owner}.{name}() in the domain: take the date as an argument"


def domain_has_no_float(source: Source) -> Iterator[Violation]:
    if _in_domain(source):
        for node in source.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
                yield node.lineno, f"float literal {node.value!r}: write a decimal from a string"
            elif isinstance(node, ast.Name | ast.Attribute) and re.fullmatch(
                r"float(16|32|64|ing)?_?", last_name(node)
            ):
                yield node.lineno, "float in the domain: money and energy are integers, prices decimals"


def domain_does_not_wait(source: Source) -> Iterator[Violation]:
    if _in_domain(source):
        for node in source.nodes:
            if isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith):
                yield node.lineno, "await or async in the domain"


def pure_modules_import_only_pure_modules(source: Source) -> Iterator[Violation]:
    if not (_in_domain(source) or _is_pure_shared(source)):
        return
    own_service = re.compile(PURE_OF_SERVICE.format(service=PurePosixPath(source.path).parts[1]))
    for line, module in imports(source):
        top = module.split(".")[0]
        allowed = (
            (top in sys.stdlib_module_names and top not in IMPURE_STDLIB)
            or any((module + ".").startswith(pure + ".") for pure in PURE_SHARED)
            or (_in_domain(source) and own_service.match(module + "."))
            or ((_in_domain(source) or source.path == ARRAYS) and top in PURE_LIBRARIES)
        )
        if not allowed:
            yield line, f"imports {module}, which is not pure"
