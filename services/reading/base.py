"""The declarative base of reading: one registry, on which every capability declares its tables, and how columns are declared."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from sqlalchemy import Column, ColumnElement, MetaData, Row, String, or_, true
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import platform

METER_NO_MAX = 40  # so that a read's id, which spells its natural key, fits in 64 characters
METER_NO = String(METER_NO_MAX)
ORG_UNIT = String(128)
SHORT = String(16)


class Base(SQLModel, registry=registry()):
    metadata: ClassVar[MetaData] = MetaData()


def required(kind: Any) -> Column[Any]:
    """Return a column that is never null."""
    return Column(kind, nullable=False)


def by_name(rows: Sequence[Row[Any]]) -> Iterator[dict[str, Any]]:
    """Yield rows as values by column name, for the hot path: an attribute of a row costs ten times as much as a key of a dict."""
    if rows:
        names = rows[0]._fields
        for row in rows:
            yield dict(zip(names, row, strict=True))


def equals(column: ColumnElement[str], value: str | None) -> ColumnElement[bool]:
    """Return the condition of a list's filter; one that was not given holds for all rows."""
    return true() if value is None else column == value


def below(column: ColumnElement[str], unit: str | None) -> ColumnElement[bool]:
    """Return the condition that an org unit is another one or below it; one that was not given holds for all rows."""
    return true() if unit is None else or_(column == unit, column.startswith(f"{unit}/", autoescape=True))


PLATFORM = platform.tables(Base.metadata)
