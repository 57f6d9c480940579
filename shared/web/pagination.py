"""Cursor pagination: a page starts after the last key of the page before, so rows that come or go shift nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, literal, true, tuple_

from shared import civil
from shared.web.errors import Problem

LIMIT_DEFAULT = 100
LIMIT_MAX = 500  # the size of a batch: a page can be worked on as one
CURSOR_CHARACTERS_MAX = 1024
T = TypeVar("T")
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """The answer of a list route: `next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


@dataclass(frozen=True)
class Wanted:
    """The page that a request asks for.

    rows = await view.all(select(…).where(wanted.after(T.c.a, T.c.b)).order_by(T.c.a, T.c.b).limit(wanted.fetch))
    return wanted.page(rows, key=lambda row: (row.a, row.b), item=lambda row: Bill(…))
    """

    limit: int
    last: tuple[Any, ...] = ()

    @property
    def fetch(self) -> int:
        """The number of rows to read: one more than the page, to see whether another follows."""
        return self.limit + 1

    def after(self, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the condition for the rows behind the cursor; the columns are the order of the list, its key last."""
        last = self.last_as(*(column.type.python_type for column in columns))
        if last is None:
            return true()
        values = [literal(value, column.type) for value, column in zip(last, columns, strict=True)]
        return tuple_(*columns) > tuple_(*values)

    def last_as(self, *kinds: type) -> Any:
        """Return the key of the last row of the page before, of these types, or None on the first page."""
        if not self.last:
            return None
        if len(self.last) != len(kinds):
            raise malformed_cursor()
        return tuple(_typed(value, kind) for value, kind in zip(self.last, kinds, strict=True))

    def page(self, rows: Sequence[T], *, key: Callable[[T], tuple[Any, ...]], item: Callable[[T], Item]) -> Page[Item]:
        """Return the answer for rows read with `fetch` as their limit."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(items=[item(row) for row in shown], next_cursor=encode(key(shown[-1])) if more else None)


def malformed_cursor() -> Problem:
    return Problem(status=400, code="request.malformed_cursor", title="The cursor is not one that this list gave")


def _typed(value: Any, kind: type) -> Any:
    """Return a value of a cursor as what it was in the row; a cursor is input like any other."""
    try:
        if kind is date:
            return civil.day(value)
        if kind is datetime:
            return civil.check_instant(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        raise malformed_cursor() from None
    if kind is int and type(value) is int and abs(value) < 2**63:
        return value
    if kind is str and isinstance(value, str) and "\0" not in value:
        return value
    raise malformed_cursor()


def encode(last: tuple[Any, ...]) -> str:
    """Return the cursor behind a row's key."""
    return base64.urlsafe_b64encode(orjson.dumps(last)).decode().rstrip("=")


def decode(cursor: str) -> tuple[Any, ...]:
    """Return the key that a cursor stands for; 400 where it is not one of ours."""
    try:
        last = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise malformed_cursor() from None
    if not isinstance(last, list) or not last or not all(isinstance(value, (str, int)) for value in last):
        raise malformed_cursor()
    return tuple(last)


async def _wanted(
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=CURSOR_CHARACTERS_MAX)] = None,
) -> Wanted:
    return Wanted(limit, decode(cursor) if cursor else ())


Query_ = Annotated[Wanted, Depends(_wanted)]
"""The page that is wanted, as a parameter of a route: `wanted: pagination.Query_`."""
