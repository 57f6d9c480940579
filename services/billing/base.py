"""Where the tables of billing are registered, and how their columns are declared."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, ColumnElement, Date, MetaData, String, Table, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import columns, platform

PATH = r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"
PATH_MAX = 160
PATH_COLUMN = String(PATH_MAX)  # org units and tariff ids are paths

Visible = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""Keeps a list to the org units of its caller, given the column of the org unit."""


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


def table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


PLATFORM = platform.tables(Base.metadata)
