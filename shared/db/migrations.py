"""Alembic without an ini file: each service has `services/<name>/migrations/versions/`, this module runs them.

What is missing is run in one transaction, on both databases: a process that ends at any statement leaves the schema as it was.
"""

import asyncio
import importlib
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, event, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared import files
from shared.db import access, rights

SCRIPTS = Path(__file__).parent / "alembic"
SERVICES = Path(__file__).parents[2] / "services"
BUSY_SECONDS = 30  # SQLite: how long another process may migrate
JOURNAL_DAYS = 400
LOCK = crc32(b"wattline.migrate")


def config(service: str, connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for a service."""
    result = Config()
    result.set_main_option("script_location", str(SCRIPTS))
    result.set_main_option("path_separator", "os")  # else a space in the checkout's path would split it
    result.set_main_option("version_locations", str(SERVICES / service / "migrations" / "versions"))
    result.attributes["connection"] = connection
    return result


def declared(service: str) -> MetaData:
    """Return the metadata of all tables that the capabilities of a service declare."""
    for file in sorted((SERVICES / service).glob("*/tables.py")):
        tables = importlib.import_module(f"services.{service}.{file.parent.name}.tables")
    home = importlib.import_module(f"services.{service}.base") if (SERVICES / service / "base.py").exists() else tables
    metadata: MetaData = home.Base.metadata
    return metadata


def _upgrade(connection: Connection, service: str, role: str | None, journal_days: int) -> None:
    if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE lets one process in as well
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    command.upgrade(config(service, connection), "head")
    for statement in rights.grant(declared(service), role, journal_days=journal_days) if role else ():
        connection.exec_driver_sql(statement)


def _engine(url: str, tls: ssl.SSLContext | None) -> AsyncEngine:
    if not url.startswith("sqlite"):
        return create_async_engine(url, connect_args={"ssl": tls} if tls else {})
    files.private_database(make_url(url).database or "")
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine.sync_engine, "connect", _no_transaction_of_the_driver)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _no_transaction_of_the_driver(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # left to itself, the driver commits each CREATE TABLE


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


async def upgrade(
    url: str,
    service: str,
    *,
    role: str | None = None,
    journal_days: int = JOURNAL_DAYS,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Bring the database of a service to the newest schema; nothing to do where it is.

    `role` (PostgreSQL): the service's own, which gets its rights on the tables and may forget a journal of `journal_days`; the
    role of `url` owns them. Raises `SettingsError` where the server does not let us in.
    """
    engine = _engine(url, tls)
    try:
        with access.refused_by_name():
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade, service, role, journal_days)
    finally:
        await engine.dispose()


async def revise(service: str, message: str) -> None:
    """Write a new revision of a service from the difference between its migrations and its tables (for developers).

    The migrations are run on an empty SQLite file; what only PostgreSQL has is added by hand.
    """

    def run(connection: Connection) -> None:
        configuration = config(service, connection)
        configuration.attributes["metadata"] = declared(service)
        command.revision(configuration, message=message, autogenerate=True)

    with TemporaryDirectory(prefix="wattline-revision-") as folder:
        url = f"sqlite+aiosqlite:///{folder}/{service}.db"
        await upgrade(url, service)
        engine = create_async_engine(url)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(run)
        finally:
            await engine.dispose()


if __name__ == "__main__":
    import sys

    # python -m shared.db.migrations SERVICE "message"
    _, _service, _message = sys.argv
    asyncio.run(revise(_service, _message))
