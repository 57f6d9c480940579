"""What an audited object holds: read by its kind before and after a command, the same way for every object.

Each service says by `entity_kind` how its objects are read (`services/*/contents.py`). At the end of a unit of work the objects
of its audit entries are read twice: as they are by then, and as they are committed, from a connection beside it; nobody else
changes them meanwhile, as the unit of work holds their locks. Rows that are the same in both are left out.
"""

import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from secrets import token_hex
from typing import Any, Final

import orjson
from sqlalchemy import Column, ColumnElement, Table

from shared.db import bulk
from shared.db.connection import View

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""The rows of one object, by table."""
Read = Callable[[View, Sequence[str]], Awaitable[Mapping[str, Rows]]]
"""Returns the rows of objects by their ids, in a constant number of statements; an object that is not there has none."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How objects of a kind are read. `personal`: columns that are kept, and not shown with the entries.

    `tables`: those in which their rows stand, each with the columns that an id names.
    """

    read: Read
    personal: frozenset[str] = frozenset()
    tables: Mapping[Table, Sequence[str]] = field(default_factory=dict)


Readers = Mapping[str, Reader]
"""How objects are read, by `entity_kind`."""

BYTES_MAX: Final = 2**18
"""What is kept of one side of a change; beyond it only that it was too long, and its hash."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a command changed of one object, as JSON texts; None where there was nothing. `salt`: the hash cannot be guessed."""

    before: str | None
    after: str | None
    salt: str

    @property
    def hash(self) -> str:
        """What the audit chain seals of it."""
        return hash_of(self.salt, self.before, self.after)


def hash_of(salt: str, before: str | None, after: str | None) -> str:
    """Return the hash over both sides of a change. Its form never changes: the audit chain rests on it."""
    return hashlib.sha256(orjson.dumps([salt, before, after])).hexdigest()


def of_tables(
    tables: Mapping[Table, str | Sequence[str]],
    *,
    between: str = "~",
    without: Sequence[str] = (),
    personal: Sequence[str] = (),
    where: ColumnElement[bool] | None = None,
) -> Reader:
    """Return how an object is read whose rows stand in tables, each with the columns that its id names.

    An id of several columns is their values, `between` them a sign, the empty ones at its end left out. `without`: columns that
    are kept elsewhere, or too long. `personal`: those that are kept and not shown. `where`: which rows of the ids are meant.
    """
    keys = {table: ([names] if isinstance(names, str) else list(names)) for table, names in tables.items()}

    async def read(view: View, ids: Sequence[str]) -> Mapping[str, Rows]:
        found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
        for table, names in keys.items():
            columns = [table.c[name] for name in names]
            wanted = [parts for each in ids if (parts := _parts(each, columns, between))]
            lists = {name: [parts[place] for parts in wanted] for place, name in enumerate(names)}
            for row in await bulk.select_in(view, table, lists, where=where, order_by=tuple(table.primary_key)):
                values = {str(name): value for name, value in row._mapping.items()}  # they are quoted names
                one = between.join(str(values[name]) for name in names).rstrip(between)
                found[one][str(table.name)].append(
                    {name: value for name, value in values.items() if name not in without}
                )
        return found

    return Reader(read, frozenset(personal), keys)


async def _nothing(_view: View, _ids: Sequence[str]) -> Mapping[str, Rows]:
    return {}


NONE: Final = Reader(_nothing)
"""Of objects of which the audit keeps no content: their rows are the record themselves, or are not changed."""
HIDDEN: Final = "…"
"""Stands for what is personal where entries are shown."""


class NoReader(KeyError):
    """A command changed an object of a kind that the service's `contents` does not say how to read."""


async def changes(
    now: View, committed: View, readers: Readers, objects: Sequence[tuple[str, str]]
) -> list[Change | None]:
    """Return what a unit of work has changed of each object (kind, id), None where that is nothing. Raises NoReader."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, one in dict.fromkeys(objects):
        if kind not in readers:
            raise NoReader(f"{kind}: contents.py of the service is to say how it is read")
        by_kind[kind].append(one)
    found: dict[tuple[str, str], tuple[Rows, Rows]] = {}
    for kind, ids in by_kind.items():
        before, after = await readers[kind].read(committed, ids), await readers[kind].read(now, ids)
        for one in ids:
            found[kind, one] = _differing(before.get(one, {}), after.get(one, {}))
    return [_change(*found.get(each, ({}, {}))) for each in objects]


def shown(text: str | None, reader: Reader) -> dict[str, Any] | None:
    """Return one side of a change as it may be shown."""
    if text is None:
        return None
    rows: dict[str, Any] = orjson.loads(text)
    for row in (row for found in rows.values() if isinstance(found, list) for row in found):
        row.update({name: HIDDEN for name in reader.personal & row.keys() if row[name]})
    return rows


def _change(old: Rows, new: Rows) -> Change | None:
    return Change(_text(old), _text(new), token_hex(8)) if old or new else None


def _differing(before: Rows, after: Rows) -> tuple[Rows, Rows]:
    """Return the rows of both sides that are not in the other."""
    old, new = _by_text(before), _by_text(after)
    return _without(old, new), _without(new, old)


def _by_text(rows: Rows) -> dict[tuple[str, bytes], Mapping[str, Any]]:
    return {(name, orjson.dumps(row, default=str)): row for name in sorted(rows) for row in rows[name]}


def _without(rows: Mapping[tuple[str, bytes], Mapping[str, Any]], others: Container[tuple[str, bytes]]) -> Rows:
    left: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for key, row in rows.items():
        if key not in others:
            left[key[0]].append(row)
    return left


def _text(rows: Rows) -> str | None:
    if not rows:
        return None
    text = orjson.dumps(rows, default=str)
    if len(text) > BYTES_MAX:
        text = orjson.dumps({"too_long": len(text), "sha256": hashlib.sha256(text).hexdigest()})
    return text.decode()


def _parts(one: str, columns: Sequence[Column[Any]], between: str) -> list[Any] | None:
    """Return the values of the columns that an id names; None where it cannot be an id of them."""
    texts = one.rsplit(between, len(columns) - 1)
    texts += [""] * (len(columns) - len(texts))
    try:
        return [_value(text, column) for text, column in zip(texts, columns, strict=True)]
    except ValueError:
        return None


def _value(text: str, column: Column[Any]) -> Any:
    kind = column.type.python_type
    if kind is date:
        return date.fromisoformat(text)
    return int(text) if kind is int else text
