"""Alembic without an ini file: each service has `services/<name>/migrations/versions/`, this module runs them."""

import asyncio
import importlib
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

SCRIPTS = Path(__file__).parent / "alembic"
SERVICES = Path(__file__).parents[2] / "services"


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


def _upgrade(connection: Connection, service: str) -> None:
    command.upgrade(config(service, connection), "head")


async def upgrade(url: str, service: str) -> None:
    """Bring the database of a service to the newest schema; nothing to do where it is."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, service)
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
