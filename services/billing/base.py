"""Where the tables of billing are registered, and how their columns are declared."""

from typing import Any

from sqlalchemy import Column, Date, MetaData, String, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import columns, platform

PATH = r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"
PATH_MAX = 160
PATH_COLUMN = String(PATH_MAX)  # org units and tariff ids are paths


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


def no(**options: Any) -> Any:
    return Field(sa_column=Column(columns.No, nullable=False, **options))


def path() -> Any:
    return Field(sa_column=Column(PATH_COLUMN, nullable=False))


def long_text() -> Any:
    return Field(sa_column=Column(Text, nullable=False))


def day(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Date, nullable=nullable))


def amount(nullable: bool = False) -> Any:
    return Field(sa_column=Column(columns.Amount, nullable=nullable))


def instant(nullable: bool = False) -> Any:
    return Field(sa_column=Column(columns.Instant, nullable=nullable))


PLATFORM = platform.tables(Base.metadata)
