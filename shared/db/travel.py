"""How columns travel to a statement: rows come as a mapping of column name to a sequence, all of one length.

On PostgreSQL they travel as arrays (`unnest`), on SQLite as one JSON text (`json_each`); that is the only place where the
two differ.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    String,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from shared.db.connection import View

Columns = Mapping[str, Sequence[Any]]


class Same(Sequence[Any]):
    """A column whose rows all have one value: it travels once, beside others; of all columns at least one is none."""

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
        places = {label: place for place, label in enumerate(label for label in kinds if label not in forms)}
        cells = [
            type_coerce(func.json_extract(rows.c.value, f"$[{places[label]}]"), kind).label(label)
            if label in places
            else bind(label, kind).label(label)
            for label, kind in kinds.items()
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
    same = {label: values.value for label, values in columns.items() if isinstance(values, Same)}
    for label, values in columns.items():
        if label in same:
            continue
        convert = kinds[label].dialect_impl(dialect).bind_processor(dialect)
        converted.append([v if v is None else convert(v) for v in values] if convert else values)
    return dict.fromkeys(same, _SAME), {_ROWS: orjson.dumps(list(zip(*converted, strict=True))).decode(), **same}


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
class Shape:
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
        """Return the only column as an array whose values are given when the statement runs."""
        ((label, form),) = self.forms
        return _array(form, label, self.table.c[label].type, _later)


_PREFIX = "given_"


def _later(label: str, kind: TypeEngine[Any]) -> BindParameter[Any]:
    return bindparam(_PREFIX + label, type_=kind)


def _kinds(table: Table, names: Iterable[str]) -> dict[str, TypeEngine[Any]]:
    return {name: table.c[name].type for name in names}


def shape_of(view: View, table: Table, columns: Columns) -> tuple[Shape, dict[str, Any]]:
    """Return the shape of columns, and their values as the parameters of its statements."""
    forms, encoded = _encoded(view, _kinds(table, columns), columns)
    shape = Shape(view.dialect, table, tuple(columns), tuple(forms.items()))
    return shape, {_PREFIX + label: value for label, value in encoded.items()}


def _unbounded(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    # a cast to VARCHAR(n) would cut a longer text in silence; the column itself refuses it
    return Text() if isinstance(kind, String) else kind


def _array_of(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return postgresql.ARRAY(_unbounded(kind))
