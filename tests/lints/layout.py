"""Where code stands: layers of capabilities, SQL in stores and views, tables with their store, the dialect in one place."""

import ast
import re
from collections.abc import Iterator

from tests.lints.source import Source, Violation, calls, imports, last_name

SERVICE = re.compile(r"services/(?P<service>reading|billing|collection|notify)/(?P<room>\w+)(?:/(?P<layer>\w+))?.*")
LAYERS = frozenset({"domain", "tables", "store", "use_cases", "schemas", "examples", "api", "consumers", "jobs"})
NO_CAPABILITIES = frozenset({"views", "migrations", "policies"})
ROOMS_OF_THEIR_OWN = (
    "services/billing/rating/",  # pure throughout: its rooms are the two implementations and what they share
    "services/billing/tariffs/documents/",  # the documents that ship, and who reads them
    "services/notify/kinds/",  # one file per kind of notice: what is particular to it
    "services/notify/sending/gateways/",  # what a store is to a database, these are to mail servers and the like
    "services/reading/supply/gateways.py",  # the same to a head-end
    "services/reading/supply/sender.py",
    "services/notify/sending/sender.py",  # a loop of its own: its work is due at instants, a job's on a business date
)
SQL_LIBRARIES = frozenset({"sqlalchemy", "sqlmodel"})
SQL_WRITES = frozenset({"insert", "update", "delete"})
SQL_VERBS = SQL_WRITES | {"select", "text"}
BULK = ("shared.db.bulk", "shared.db.travel")
BULK_WRITES = frozenset({"insert_ignore", "insert_rows", "claim", "update_from", "upsert_newer", "delete_in", "lock"})
SQL_IN_SHARED = (
    "shared/db/",
    "shared/bus/",
    "shared/health.py",  # asks the database whether it is there
    "shared/web/idempotency.py",  # owns the keys of requests
    "shared/web/purge.py",  # forgets those, and the nonces of devices
)
DIALECT_OWNER = "shared/db/"


def _place(source: Source) -> tuple[str, str, str]:
    """Return (service, capability or file, layer), empty where a path has none of them."""
    place = SERVICE.fullmatch(source.path.removesuffix(".py"))
    return (place["service"], place["room"], place["layer"] or "") if place else ("", "", "")


def _said(module: str) -> tuple[str, str]:
    """Return (library, name) of an imported name."""
    owner, _, name = module.rpartition(".")
    return owner.split(".")[0], name


def sql_stands_in_stores_and_views(source: Source) -> Iterator[Violation]:
    _, room, layer = _place(source)
    owns_tables = room == "views" or layer in ("store", "tables") or source.path.startswith(SQL_IN_SHARED)
    if owns_tables or source.is_migration:
        return
    for line, module in imports(source):
        library, name = _said(module)
        if module in SQL_LIBRARIES or (library in SQL_LIBRARIES and name in SQL_VERBS):
            yield line, f"imports {module}: SQL stands in stores and views"
        elif source.path.startswith("services/") and module.startswith(BULK):
            yield line, f"imports {module}: sets of rows are read and written in stores"


def tables_are_named_by_their_store_and_by_views(source: Source) -> Iterator[Violation]:
    service, room, layer = _place(source)
    for line, module in imports(source):
        named = re.match(r"services\.(\w+)\.(\w+)\.tables\b", module)
        if named is None or source.is_migration:
            continue
        own_store = (service, room, layer) == (named[1], named[2], "store")
        own_service = service == named[1] and (room == "views" or (not layer and room in ("main", "base", "contents")))
        if not (own_store or own_service):
            yield line, f"imports {module}: call a function of its store"


def views_only_read(source: Source) -> Iterator[Violation]:
    if _place(source)[1] != "views":
        return
    for line, module in imports(source):
        library, name = _said(module)
        if library in SQL_LIBRARIES and name in SQL_WRITES:
            yield line, f"imports {module}: a view only reads"
        elif module == "shared.db.engine.Tx":
            yield line, "takes a Tx: a view only reads, so it takes a View"
    for node, name, owner in calls(source):
        if owner == "bulk" and name in BULK_WRITES:
            yield node.lineno, f"bulk.{name}(): a view only reads"


def capabilities_have_layers_only(source: Source) -> Iterator[Violation]:
    _, room, layer = _place(source)
    beside = layer in ("", "__init__") or room in NO_CAPABILITIES or source.path.startswith(ROOMS_OF_THEIR_OWN)
    if not beside and layer not in LAYERS:
        yield 1, f"{layer} is no layer of a capability: {', '.join(sorted(LAYERS))}"


def rows_are_read_by_name(source: Source) -> Iterator[Violation]:
    if not source.path.startswith("services/"):
        return
    for node, name, owner in calls(source):
        spread = [arg.value for arg in node.args if isinstance(arg, ast.Starred)]
        by_place = name[:1].isupper() and any(map(_is_row, spread))
        if by_place or (name == "_make" and owner[:1].isupper()):
            yield node.lineno, f"{owner if name == '_make' else name} by the places of a row's columns: name them"


def _is_row(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return last_name(node.func) == "tuple"
    return bool(re.search(r"(^|_)row$", last_name(node)))


def the_dialect_is_asked_in_one_place(source: Source) -> Iterator[Violation]:
    if source.is_migration or source.path.startswith(DIALECT_OWNER):
        return
    for line, module in imports(source):
        if module.startswith("sqlalchemy.dialects"):
            yield line, f"imports {module}: what differs between databases stands in shared/db"
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "dialect":
            yield node.lineno, "asks for the dialect: what differs between databases stands in shared/db"
