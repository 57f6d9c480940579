"""Column types that mean the same on PostgreSQL and on SQLite, and what a store says of its tables and columns."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, DateTime, Integer, String, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeDecorator
from sqlmodel import SQLModel

from shared.events.fact import MAX_NO


class _IsoInstant(TypeDecorator[datetime]):
    """Stores an instant as ISO 8601 text in UTC: SQLite has no zone, and text of one form sorts by time."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


BigInt = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits; INTEGER on SQLite, where only that autoincrements."""

Amount = BigInt
"""Fen or Wh."""

Instant = DateTime(timezone=True).with_variant(_IsoInstant(), "sqlite")
"""An aware instant in UTC."""

Json = postgresql.JSONB().with_variant(JSON(), "sqlite")
"""A JSON value. Not for hot paths: text is cheaper where the database never looks inside."""

No = String(MAX_NO)
"""One of the utility's own numbers, or an id."""

Code = String(MAX_NO)


def key(**options: Any) -> Column[str]:
    """Return a primary key column that holds one of the utility's own numbers or an id."""
    return Column(No, primary_key=True, **options)


def table(model: type[SQLModel]) -> Table:
    """Return the table that a model declares: stores speak SQLAlchemy Core, never the ORM."""
    made: Table = model.__table__  # type: ignore[attr-defined]
    return made


Condition = Callable[..., ColumnElement[bool]]
"""Makes a condition of columns: what a caller may see, where a page begins; the store knows which columns those are."""
