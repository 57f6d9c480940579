"""Set-based reads and writes: every function here is one SQL statement, whatever the number of rows.

Rows come as columns: a mapping of column name to a sequence, all of one length. On PostgreSQL they travel as arrays
(`unnest`), on SQLite as one JSON text (`json_each`); that is the only place where the two differ.
Each write asserts before that its keys are unique (an `UPDATE … FROM` applies a repeated key once, silently) and after
that as many rows changed as were given.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    FromClause,
    Insert,
    Row,
    Select,
    String,
    Table,
    Text,
    Update,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

from shared.db.connection import View, Write

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


def same(values: Sequence[Any]) -> Sequence[Any]:
    """Return a column so that it travels once if all of its rows have one value."""
    return Same(values[0], len(values)) if values and values.count(values[0]) == len(values) else values


def relation(view: View, name: str, columns: Mapping[str, tuple[TypeEngine[Any], Sequence[Any]]]) -> FromClause:
    """Return the given columns as a relation that can be joined in a statement: `{name: (type, values)}`."""
    kinds = {label: kind for label, (kind, _) in columns.items()}
    forms, values = _encoded(view, kinds, {label: values for label, (_, values) in columns.items()})
    return _relation(view.dialect, name, kinds, forms, lambda label, kind: bindparam(None, values[label], type_=kind))


def relation_for(view: View, table: Table, columns: Columns) -> FromClause:
    """Return the columns as a relation `given`, with the types that they have in the table."""
    return relation(view, "given", {name: (table.c[name].type, values) for name, values in columns.items()})


# How a column travels to PostgreSQL. Texts as one: a driver encodes an array element by element, ten times as slow.
_ARRAY, _TEXT, _SAME = "array", "text", "same"
_END, _NULL = "\x1f", "\x1e"  # the unit and the record separator; a column that holds them travels as an array
_ROWS = ""  # the label of all columns together, as they travel to SQLite

_Forms = Mapping[str, str]
_Bind = Callable[[str, TypeEngine[Any]], BindParameter[Any]]


def _relation(dialect: str, name: str, kinds: Mapping[str, TypeEngine[Any]], forms: _Forms, bind: _Bind) -> FromClause:
    if dialect != "postgresql":
        rows = func.json_each(bind(_ROWS, Text())).table_valued("value", name=f"{name}_json")
        cells = [
            type_coerce(func.json_extract(rows.c.value, f"$[{i}]"), kind).label(label)
            for i, (label, kind) in enumerate(kinds.items())
        ]
        return select(*cells).select_from(rows).subquery(name)
    lists = {label: kind for label, kind in kinds.items() if forms[label] != _SAME}
    arrays = [_array(forms[label], label, kind, bind) for label, kind in lists.items()]
    names = [column(label, _unbounded(kind)) for label, kind in lists.items()]
    unnested = func.unnest(*arrays).table_valued(*names, name=name).render_derived(name=name)
    if len(lists) == len(kinds):
        return unnested
    values: dict[str, ColumnElement[Any]] = {label: unnested.c[label] for label in lists}
    values |= {label: cast(bind(label, kind), _unbounded(kind)) for label, kind in kinds.items() if label not in lists}
    return select(*(values[label].label(label) for label in kinds)).subquery(name)


def _array(form: str, label: str, kind: TypeEngine[Any], bind: _Bind) -> ColumnElement[Any]:
    if form == _ARRAY:
        return bind(label, _array_of(kind))
    return func.string_to_array(bind(label, Text()), _chr(_END), _chr(_NULL), type_=_array_of(kind))


def _chr(character: str) -> ColumnElement[str]:
    return literal_column(f"chr({ord(character)})", Text())


def _encoded(view: View, kinds: Mapping[str, TypeEngine[Any]], columns: Columns) -> tuple[_Forms, dict[str, Any]]:
    """Return how columns travel to the database, and what travels, by the label under which `_relation` binds it."""
    if view.dialect == "postgresql":
        encoded = {label: _postgres(kinds[label], values) for label, values in columns.items()}
        return {label: form for label, (form, _) in encoded.items()}, {label: v for label, (_, v) in encoded.items()}
    dialect = view.conn.dialect
    converted = []
    for label, values in columns.items():
        convert = kinds[label].dialect_impl(dialect).bind_processor(dialect)
        converted.append([v if v is None else convert(v) for v in values] if convert else values)
    return {}, {_ROWS: orjson.dumps(list(zip(*converted, strict=True))).decode()}


def _postgres(kind: TypeEngine[Any], values: Sequence[Any]) -> tuple[str, Any]:
    if isinstance(values, Same):
        return _SAME, values.value
    if isinstance(kind, String):
        nulls = values.count(None)
        text = _END.join([_NULL if v is None else v for v in values] if nulls else values)
        if text and text.count(_END) == len(values) - 1 and text.count(_NULL) == nulls:
            return _TEXT, text
    return _ARRAY, list(values)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a set statement depends on beside its values: statements are built once for each, building costs milliseconds."""

    dialect: str
    table: Table
    names: tuple[str, ...]
    forms: tuple[tuple[str, str], ...]

    @property
    def given(self) -> FromClause:
        """The columns as a relation whose values are given when the statement runs."""
        return _relation(self.dialect, "given", _kinds(self.table, self.names), dict(self.forms), _later)

    def keys(self) -> ColumnElement[Any]:
        """The only column as an array whose values are given when the statement runs."""
        ((label, form),) = self.forms
        return _array(form, label, self.table.c[label].type, _later)


_PREFIX = "given_"
SHAPES_MAX = 1024  # several times what the statements of one service are


def _later(label: str, kind: TypeEngine[Any]) -> BindParameter[Any]:
    return bindparam(_PREFIX + label, type_=kind)


def _kinds(table: Table, names: Iterable[str]) -> dict[str, TypeEngine[Any]]:
    return {name: table.c[name].type for name in names}


def _shape(view: View, table: Table, columns: Columns) -> tuple[_Shape, dict[str, Any]]:
    """Return the shape of columns, and their values as the parameters of its statements."""
    forms, encoded = _encoded(view, _kinds(table, columns), columns)
    shape = _Shape(view.dialect, table, tuple(columns), tuple(forms.items()))
    return shape, {_PREFIX + label: value for label, value in encoded.items()}


async def insert_ignore(
    tx: Write, table: Table, columns: Columns, *, key: Sequence[str], returning: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Insert the rows whose key is new, and return `returning` (default: the key) of those; their order is open."""
    if not _count(columns):
        return []
    _assert_unique(columns, key)
    shape, values = _shape(tx, table, columns)
    return await tx.all(_insert_ignore(shape, tuple(key), tuple(returning or key)), values)


async def claim(tx: Write, table: Table, columns: Columns, *, key: Sequence[str]) -> int:
    """Insert the rows whose key is new, and return how many were: `insert_ignore` where nearly always all are.

    PostgreSQL looks twice at each key that may be in conflict: there, rows go in plainly, and once more where one was not new.
    """
    if not _count(columns):
        return 0
    _assert_unique(columns, key)
    shape, values = _shape(tx, table, columns)
    if tx.dialect == "postgresql":
        try:
            async with tx.savepoint():
                return await tx.execute(_insert_rows(shape), values)
        except IntegrityError:
            pass
    return await tx.execute(_insert_ignore(shape, tuple(key), ()), values)


async def insert_rows(tx: Write, table: Table, columns: Columns) -> None:
    """Insert the rows, all of which must be new."""
    count = _count(columns)
    if not count:
        return
    shape, values = _shape(tx, table, columns)
    _assert_count(await tx.execute(_insert_rows(shape), values), count, table)


async def update_from(
    tx: Write,
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
    shape, values = _shape(tx, table, columns)
    statement = _update_from(shape, tuple(key))
    changed = await tx.execute(statement if where is None else statement.where(where), values)
    if not partial:
        _assert_count(changed, count, table)
    return changed


async def upsert_newer(
    tx: Write, table: Table, columns: Columns, *, key: Sequence[str], version: str = "version"
) -> Sequence[Row[Any]]:
    """Insert rows, or replace those with a lower version, and return the keys of the rows that were applied."""
    if not _count(columns):
        return []
    _assert_unique(columns, key)
    shape, values = _shape(tx, table, columns)
    return await tx.all(_upsert_newer(shape, tuple(key), version), values)


async def select_in(
    view: View,
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
    if len(keys) == 1:
        ((name, given),) = keys.items()
        unique = {name: given if view.dialect == "postgresql" else list(dict.fromkeys(given))}
    else:
        tuples = zip(*dict.fromkeys(zip(*keys.values(), strict=True)), strict=True)
        unique = dict(zip(keys, map(list, tuples), strict=True))
    shape, values = _shape(view, table, unique)
    wanted = tuple(table.c if columns is None else columns)
    known = all(isinstance(each, Column) for each in (*wanted, *order_by))  # an expression is another one each time
    build = _select_in if known else _select_in.__wrapped__
    statement = build(shape, wanted, tuple(order_by), for_update)
    return await view.all(statement if where is None else statement.where(where), values)


@lru_cache(SHAPES_MAX)
def _insert_rows(shape: _Shape) -> Insert:
    return insert(shape.table).from_select(list(shape.names), select(*shape.given.c), include_defaults=False)


def _insert_unless(shape: _Shape) -> Any:
    build: Any = postgresql.insert if shape.dialect == "postgresql" else sqlite.insert
    # SQLite needs a WHERE to tell ON CONFLICT from the ON of a join
    rows = select(*shape.given.c).where(true())
    return build(shape.table).from_select(list(shape.names), rows, include_defaults=False)


@lru_cache(SHAPES_MAX)
def _insert_ignore(shape: _Shape, key: tuple[str, ...], returning: tuple[str, ...]) -> Any:
    statement = _insert_unless(shape).on_conflict_do_nothing(index_elements=list(key))
    return statement.returning(*(shape.table.c[name] for name in returning)) if returning else statement


@lru_cache(SHAPES_MAX)
def _upsert_newer(shape: _Shape, key: tuple[str, ...], version: str) -> Any:
    new = _insert_unless(shape)
    statement = new.on_conflict_do_update(
        index_elements=list(key),
        set_={name: new.excluded[name] for name in shape.names if name not in key},
        where=new.excluded[version] > shape.table.c[version],
    )
    return statement.returning(*(shape.table.c[name] for name in key))


@lru_cache(SHAPES_MAX)
def _update_from(shape: _Shape, key: tuple[str, ...]) -> Update:
    given, table = shape.given, shape.table
    return (
        update(table)
        .values({name: given.c[name] for name in shape.names if name not in key})
        .where(and_(*(table.c[name] == given.c[name] for name in key)))
    )


@lru_cache(SHAPES_MAX)
def _select_in(
    shape: _Shape, columns: tuple[ColumnElement[Any], ...], order_by: tuple[ColumnElement[Any], ...], for_update: bool
) -> Select[Any]:
    table = shape.table
    statement = select(*columns).order_by(*order_by)
    if for_update:
        statement = statement.with_for_update(of=table)
    if shape.dialect == "postgresql" and len(shape.names) == 1:
        (name,) = shape.names
        return statement.where(table.c[name] == any_(shape.keys()))
    given = shape.given
    matches = and_(*(table.c[name] == given.c[name] for name in shape.names))
    return statement.select_from(table.join(given, matches))


async def lock(tx: Write, table: Table, keys: Columns) -> Sequence[Row[Any]]:
    """Lock the rows with the given keys, in key order, and return the keys found.

    Who publishes under a key locks its row first, so that the journal has the facts of one key in commit order; the
    order of locking keeps two batches from waiting for each other. SQLite has one writer: nothing to lock.
    """
    names = [table.c[name] for name in keys]
    return await select_in(tx, table, keys, columns=names, order_by=names, for_update=tx.dialect == "postgresql")


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
