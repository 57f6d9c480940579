"""The declarative base of the notify service's tables, and the platform's tables beside them."""

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import platform


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


PLATFORM = platform.tables(Base.metadata)


def table(model: type[Base]) -> Table:
    """Return the Core table of a model: stores speak SQLAlchemy Core, never the ORM."""
    found = model.__table__  # type: ignore[attr-defined]
    assert isinstance(found, Table)
    return found
