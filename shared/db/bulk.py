"""Set-based reads and writes: every function here is one SQL statement, whatever the number of rows.

Rows come as columns (`shared.db.travel` says how they get into a statement).
Each write asserts before that its keys are unique (an `UPDATE … FROM` applies a repeated key once, silently) and after
that as many rows changed as were given.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    Table,
    Update,
    and_,
    any_,
    delete,
    insert,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from shared.db import travel
from shared.db.connection import View, Write

SHAPES_MAX = 1024  # built statements that are kept: several times what those of one service are


class RowCountMismatch(AssertionError):
    """A set statement changed another number of rows than it was given."""


async def insert_ignore(
    tx: Write, table: Table, columns: travel.Columns, *, key: Sequence[str], returning: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Insert the rows whose key is new, and return `returning` (default: the key) of those; their order is open."""
    if not _count(columns):
        return []
    _assert_unique(columns, key)
    shape, values = travel.shape_of(tx, table, columns)
    return await tx.all(_insert_ignore(shape, tuple(key), tuple(returning or key)), values)


async def claim(tx: Write, table: Table, columns: travel.Columns, *, key: Sequence[str]) -> int:
    """Insert the rows whose key is new, and return how many were: `insert_ignore` where nearly always all are.

    PostgreSQL looks twice at each key that may be in conflict: there, rows go in plainly, and once more where one was not new.
    """
    if not _count(columns):
        return 0
    _assert_unique(columns, key)
    shape, values = travel.shape_of(tx, table, columns)
    if tx.dialect == "postgresql":
        try:
            async with tx.savepoint():
                return await tx.execute(_insert_rows(shape), values)
        except IntegrityError:
            pass
    return await tx.execute(_insert_ignore(shape, tuple(key), ()), values)


async def insert_rows(
    tx: Write, table: Table, columns: travel.Columns, *, returning: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Insert the rows, all of which must be new, and return `returning` of them; their order is open."""
    count = _count(columns)
    if not count:
        return []
    shape, values = travel.shape_of(tx, table, columns)
    rows = await tx.all(_insert_rows(shape, tuple(returning)), values) if returning else []
    _assert_count(len(rows) if returning else await tx.execute(_insert_rows(shape), values), count, table)
    return rows


async def update_from(
    tx: Write,
    table: Table,
    columns: travel.Columns,
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
    shape, values = travel.shape_of(tx, table, columns)
    statement = _update_from(shape, tuple(key))
    changed = await tx.execute(statement if where is None else statement.where(where), values)
    if not partial:
        _assert_count(changed, count, table)
    return changed


async def upsert_newer(
    tx: Write, table: Table, columns: travel.Columns, *, key: Sequence[str], version: str = "version"
) -> Sequence[Row[Any]]:
    """Insert rows, or replace those with a lower version, and return the keys of the rows that were applied."""
    if not _count(columns):
        return []
    _assert_unique(columns, key)
    shape, values = travel.shape_of(tx, table, columns)
    return await tx.all(_upsert_newer(shape, tuple(key), version), values)


async def select_in(
    view: View,
    table: Table,
    keys: travel.Columns,
    *,
    columns: Sequence[ColumnElement[Any]] | None = None,
    where: ColumnElement[bool] | None = None,
    order_by: Sequence[ColumnElement[Any]] = (),
    for_update: bool = False,
) -> Sequence[Row[Any]]:
    """Return the rows whose key columns are among the given tuples, in the order of `order_by`.

    `for_update` locks them until the unit of work ends. SQLite has one writer, and SQLAlchemy writes no FOR UPDATE for it.
    """
    if not _count(keys):
        return []
    shape, values = travel.shape_of(view, table, _distinct(view, keys))
    wanted = tuple(table.c if columns is None else columns)
    known = all(isinstance(each, Column) for each in (*wanted, *order_by))  # an expression is another one each time
    build = _select_in if known else _select_in.__wrapped__
    statement = build(shape, wanted, tuple(order_by), for_update)
    return await view.all(statement if where is None else statement.where(where), values)


async def delete_in(
    tx: Write,
    table: Table,
    keys: travel.Columns,
    *,
    where: ColumnElement[bool] | None = None,
    returning: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Delete the rows whose key columns are among the given tuples, and return `returning` of each; their order is open."""
    if not _count(keys):
        return []
    shape, values = travel.shape_of(tx, table, _distinct(tx, keys))
    statement = _delete_in(shape, tuple(returning))
    if where is not None:
        statement = statement.where(where)
    if returning:
        return await tx.all(statement, values)
    await tx.execute(statement, values)
    return []


@lru_cache(SHAPES_MAX)
def _insert_rows(shape: travel.Shape, returning: tuple[str, ...] = ()) -> Any:
    statement = insert(shape.table).from_select(list(shape.names), select(*shape.given.c), include_defaults=False)
    return statement.returning(*(shape.table.c[name] for name in returning)) if returning else statement


def _insert_unless(shape: travel.Shape) -> Any:
    build: Any = postgresql.insert if shape.dialect == "postgresql" else sqlite.insert
    # SQLite needs a WHERE to tell ON CONFLICT from the ON of a join
    rows = select(*shape.given.c).where(true())
    return build(shape.table).from_select(list(shape.names), rows, include_defaults=False)


@lru_cache(SHAPES_MAX)
def _insert_ignore(shape: travel.Shape, key: tuple[str, ...], returning: tuple[str, ...]) -> Any:
    statement = _insert_unless(shape).on_conflict_do_nothing(index_elements=list(key))
    return statement.returning(*(shape.table.c[name] for name in returning)) if returning else statement


@lru_cache(SHAPES_MAX)
def _upsert_newer(shape: travel.Shape, key: tuple[str, ...], version: str) -> Any:
    new = _insert_unless(shape)
    statement = new.on_conflict_do_update(
        index_elements=list(key),
        set_={name: new.excluded[name] for name in shape.names if name not in key},
        where=new.excluded[version] > shape.table.c[version],
    )
    return statement.returning(*(shape.table.c[name] for name in key))


@lru_cache(SHAPES_MAX)
def _update_from(shape: travel.Shape, key: tuple[str, ...]) -> Update:
    given, table = shape.given, shape.table
    return (
        update(table)
        .values({name: given.c[name] for name in shape.names if name not in key})
        .where(and_(*(table.c[name] == given.c[name] for name in key)))
    )


@lru_cache(SHAPES_MAX)
def _select_in(
    shape: travel.Shape,
    columns: tuple[ColumnElement[Any], ...],
    order_by: tuple[ColumnElement[Any], ...],
    for_update: bool,
) -> Select[Any]:
    table = shape.table
    statement = select(*columns).order_by(*order_by)
    if for_update:
        statement = statement.with_for_update(of=table)
    if shape.dialect == "postgresql" and len(shape.names) == 1:
        return statement.where(_among(shape))
    given = shape.given
    matches = and_(*(table.c[name] == given.c[name] for name in shape.names))
    return statement.select_from(table.join(given, matches))


@lru_cache(SHAPES_MAX)
def _delete_in(shape: travel.Shape, returning: tuple[str, ...]) -> Any:
    statement = delete(shape.table).where(_among(shape))
    return statement.returning(*(shape.table.c[name] for name in returning)) if returning else statement


def _among(shape: travel.Shape) -> ColumnElement[bool]:
    """Return the condition that a row has one of the given keys."""
    columns = [shape.table.c[name] for name in shape.names]
    if shape.dialect == "postgresql" and len(columns) == 1:
        return columns[0] == any_(shape.keys())
    return tuple_(*columns).in_(select(*shape.given.c))


async def lock(tx: Write, table: Table, keys: travel.Columns) -> Sequence[Row[Any]]:
    """Lock the rows with the given keys, in key order, and return the keys found.

    Who publishes under a key locks its row first, so that the journal has the facts of one key in commit order; the
    order of locking keeps two batches from waiting for each other.
    """
    names = [table.c[name] for name in keys]
    return await select_in(tx, table, keys, columns=names, order_by=names, for_update=True)


def _distinct(view: View, keys: travel.Columns) -> travel.Columns:
    if len(keys) == 1:
        ((name, given),) = keys.items()
        return {name: given if view.dialect == "postgresql" else list(dict.fromkeys(given))}
    tuples = zip(*dict.fromkeys(zip(*keys.values(), strict=True)), strict=True)
    return dict(zip(keys, map(list, tuples), strict=True))


def _count(columns: travel.Columns) -> int:
    return len(next(iter(columns.values())))


def _assert_unique(columns: travel.Columns, key: Sequence[str]) -> None:
    values = columns[key[0]] if len(key) == 1 else list(zip(*(columns[name] for name in key), strict=True))
    if len(set(values)) != len(values):
        raise AssertionError(f"a key ({', '.join(key)}) is given twice in one set statement")


def _assert_count(changed: int, expected: int, table: Table) -> None:
    if changed != expected:
        raise RowCountMismatch(f"{table.name}: {changed} rows changed, {expected} were given")
