"""Set-based reads and writes: every function here is one SQL statement, whatever the number of rows.

Rows come as columns: a mapping of column name to a sequence, all of one length. On PostgreSQL they travel as arrays
(`unnest`), on SQLite as one JSON text (`json_each`); that is the only place where the two differ.
Each write asserts before that its keys are unique (an `UPDATE … FROM` applies a repeated key once, silently) and after
that as many rows changed as were given.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from shared.db.connection import Read
from shared.db.connection import Write as Tx

Columns = Mapping[str, Sequence[Any]]


class Same(Sequence[Any]):
    """A column whose rows all have one value: it travels once, because drivers encode an array element by element."""

    def __init__(self, value: Any, count: int) -> None:
        self.value = value
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self.value

    def __iter__(self) -> Iterator[Any]:
        return repeat(self.value, self._count)


class RowCountMismatch(AssertionError):
    """A set statement changed another number of rows than it was given."""


def relation(read: "Read", name: str, columns: Mapping[str, tuple[TypeEngine[Any], Sequence[Any]]]) -> FromClause:
    """Return the given columns as a relation that can be joined in a statement: `{name: (type, values)}`."""
    if read.dialect == "postgresql":
        lists = {label: given for label, given in columns.items() if not isinstance(given[1], Same)}
        arrays = [bindparam(None, list(values), type_=_array_of(kind)) for kind, values in lists.values()]
        names = [column(label, _unbounded(kind)) for label, (kind, _) in lists.items()]
        rows = func.unnest(*arrays).table_valued(*names, name=name).render_derived(name=name)
        if len(lists) == len(columns):
            return rows
        same = {label: (kind, given.value) for label, (kind, given) in columns.items() if isinstance(given, Same)}
        literals = {label: cast(bindparam(None, v, type_=kind), _unbounded(kind)) for label, (kind, v) in same.items()}
        return select(
            *(literals[label].label(label) if label in same else rows.c[label] for label in columns)
        ).subquery(name)
    dialect = read.conn.dialect
    converted = []
    for kind, values in columns.values():
        convert = kind.dialect_impl(dialect).bind_processor(dialect)
        converted.append([v if v is None else convert(v) for v in values] if convert else values)
    text = orjson.dumps(list(zip(*converted, strict=True))).decode()
    rows = func.json_each(bindparam(None, text, type_=Text())).table_valued("value", name=f"{name}_json")
    cells = [
        type_coerce(func.json_extract(rows.c.value, f"$[{i}]"), kind).label(label)
        for i, (label, (kind, _)) in enumerate(columns.items())
    ]
    return select(*cells).select_from(rows).subquery(name)


async def insert_ignore(
    tx: "Tx", table: Table, columns: Columns, *, key: Sequence[str], returning: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Insert the rows whose key is new, and return `returning` (default: the key) of those; their order is open."""
    if not _count(columns):
        return []
    _assert_unique(columns, key)
    given = relation_for(tx, table, columns)
    statement = (
        _insert(tx)(table)
        .from_select(list(columns), select(*given.c).where(true()), include_defaults=False)
        .on_conflict_do_nothing(index_elements=list(key))
        .returning(*(table.c[name] for name in returning or key))
    )
    return await tx.all(statement)


async def claim(tx: "Tx", table: Table, columns: Columns, *, key: Sequence[str]) -> int:
    """Insert the rows whose key is new, and return how many were: `insert_ignore` where nearly always all are."""
    if not _count(columns):
        return 0
    _assert_unique(columns, key)
    given = relation_for(tx, table, columns)
    new = _insert(tx)(table).from_select(list(columns), select(*given.c).where(true()), include_defaults=False)
    return await tx.execute(new.on_conflict_do_nothing(index_elements=list(key)))


async def insert_rows(tx: "Tx", table: Table, columns: Columns) -> None:
    """Insert the rows, all of which must be new."""
    count = _count(columns)
    if not count:
        return
    given = relation_for(tx, table, columns)
    statement = insert(table).from_select(list(columns), select(*given.c), include_defaults=False)
    _assert_count(await tx.execute(statement), count, table)


async def update_from(
    tx: "Tx",
    table: Table,
    columns: Columns,
    *,
    key: Sequence[str],
    where: ColumnElement[bool] | None = None,
    partial: bool = False,
) -> int:
    """Set the columns that are not in `key` on the rows with that key, and return how many rows that were.

    Every key must be found (and meet `where`), unless `partial`.
    """
    count = _count(columns)
    if not count:
        return 0
    _assert_unique(columns, key)
    given = relation_for(tx, table, columns)
    statement = (
        update(table)
        .values({name: given.c[name] for name in columns if name not in key})
        .where(and_(*(table.c[name] == given.c[name] for name in key)), *(() if where is None else (where,)))
    )
    changed = await tx.execute(statement)
    if not partial:
        _assert_count(changed, count, table)
    return changed


async def upsert_newer(
    tx: "Tx", table: Table, columns: Columns, *, key: Sequence[str], version: str = "version"
) -> Sequence[Row[Any]]:
    """Insert rows, or replace those with a lower version, and return the keys of the rows that were applied."""
    if not _count(columns):
        return []
    _assert_unique(columns, key)
    given = relation_for(tx, table, columns)
    new = _insert(tx)(table).from_select(list(columns), select(*given.c).where(true()), include_defaults=False)
    statement = new.on_conflict_do_update(
        index_elements=list(key),
        set_={name: new.excluded[name] for name in columns if name not in key},
        where=new.excluded[version] > table.c[version],
    ).returning(*(table.c[name] for name in key))
    return await tx.all(statement)


async def select_in(
    read: "Read",
    table: Table,
    keys: Columns,
    *,
    columns: Sequence[ColumnElement[Any]] | None = None,
    where: ColumnElement[bool] | None = None,
    order_by: Sequence[ColumnElement[Any]] = (),
    for_update: bool = False,
) -> Sequence[Row[Any]]:
    """Return the rows whose key columns are among the given tuples; `order_by` gives their order."""
    if not _count(keys):
        return []
    statement = select(*(columns if columns is not None else table.c))
    if len(keys) == 1 and read.dialect == "postgresql":
        ((name, values),) = keys.items()
        kind = table.c[name].type
        statement = statement.where(table.c[name] == any_(bindparam(None, list(values), type_=_array_of(kind))))
    else:
        unique = list(zip(*dict.fromkeys(zip(*keys.values(), strict=True)), strict=True))
        given = relation(read, "given", {name: (table.c[name].type, unique[i]) for i, name in enumerate(keys)})
        matches = and_(*(table.c[name] == given.c[name] for name in keys))
        statement = statement.select_from(table.join(given, matches))
    if where is not None:
        statement = statement.where(where)
    if order_by:
        statement = statement.order_by(*order_by)
    if for_update:
        statement = statement.with_for_update(of=table)
    return await read.all(statement)


async def lock(tx: "Tx", table: Table, keys: Columns) -> Sequence[Row[Any]]:
    """Lock the rows with the given keys, in key order, and return the keys found.

    Who publishes under a key locks its row first, so that the journal has the facts of one key in commit order; the
    order of locking keeps two batches from waiting for each other. SQLite has one writer: nothing to lock.
    """
    names = [table.c[name] for name in keys]
    return await select_in(tx, table, keys, columns=names, order_by=names, for_update=tx.dialect == "postgresql")


def relation_for(read: "Read", table: Table, columns: Columns) -> FromClause:
    """Return the columns as a relation `given`, with the types that they have in the table."""
    return relation(read, "given", {name: (table.c[name].type, values) for name, values in columns.items()})


def _insert(read: "Read") -> Any:
    return postgresql.insert if read.dialect == "postgresql" else sqlite.insert


def _unbounded(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    # a cast to VARCHAR(n) would cut a longer text in silence; the column itself refuses it
    return Text() if isinstance(kind, String) else kind


def _array_of(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return postgresql.ARRAY(_unbounded(kind))


def _count(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _assert_unique(columns: Columns, key: Sequence[str]) -> None:
    values = columns[key[0]] if len(key) == 1 else list(zip(*(columns[name] for name in key), strict=True))
    if len(set(values)) != len(values):
        raise AssertionError(f"a key ({', '.join(key)}) is given twice in one set statement")


def _assert_count(changed: int, expected: int, table: Table) -> None:
    if changed != expected:
        raise RowCountMismatch(f"{table.name}: {changed} rows changed, {expected} were given")
