"""The declarative base of collection: one registry, on which every capability declares its tables."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import platform

Condition = Callable[..., ColumnElement[bool]]
"""Makes a condition of columns: what a caller may see, where a page begins; the store knows which columns those are."""


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


PLATFORM = platform.tables(Base.metadata)
