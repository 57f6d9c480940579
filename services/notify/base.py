"""The declarative base of the notify service's tables, and the platform's tables beside them."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.db import platform


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


PLATFORM = platform.tables(Base.metadata)
