"""The declarative base of the notify service's tables, and the platform's tables beside them."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, MetaData, Table
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import platform


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


PLATFORM = platform.tables(Base.metadata)

Condition = Callable[..., ColumnElement[bool]]
"""What keeps a list to the org units that the caller may see, or behind the cursor: of the columns that it is given."""


def table(model: type[Base]) -> Table:
    """Return the Core table of a model: stores speak SQLAlchemy Core, never the ORM."""
    found = model.__table__  # type: ignore[attr-defined]
    assert isinstance(found, Table)
    return found
