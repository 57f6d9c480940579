"""The declarative base of collection: one registry, on which every capability declares its tables."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import platform


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


PLATFORM = platform.tables(Base.metadata)
