"""Databases at the schema of a service, copied from one that Alembic migrated once per run.

On PostgreSQL a test comes as the service does: as a role that owns nothing.
"""

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import make_url

from shared.db import migrations
from shared.testing.servers import PostgresDatabases, run_anywhere

ROLE = "wattline_service"
SPENT_MAX = 20  # of 8 MB each: few enough for any disk, enough to make the connection that drops them cheap

_folder = TemporaryDirectory(prefix="wattline-templates-")
_copies: set[str] = set()  # PostgreSQL databases that have a service's schema already
_templates: list[str] = []
_spent: list[str] = []  # PostgreSQL databases that no test uses any more


async def migrate(url: str, service: str) -> None:
    """Bring a database that was just made to the newest schema of a service."""
    if url not in _copies and not _copied(url, service):
        await migrations.upgrade(url, service)


def _copied(url: str, service: str) -> bool:
    """Copy the template of a service to a SQLite file that is not there yet."""
    file = Path(make_url(url).database or "")
    if not url.startswith("sqlite") or file.exists():
        return False
    shutil.copyfile(_sqlite_template(service), file)
    return True


@cache
def _sqlite_template(service: str) -> Path:
    path = Path(_folder.name) / f"{service}.db"
    run_anywhere(migrations.upgrade(f"sqlite+aiosqlite:///{path}", service))
    return path


@cache
def _postgres_template(server: PostgresDatabases, service: str) -> str:
    url = server.create_database()
    _templates.append(url)
    server.create_role(ROLE)
    run_anywhere(migrations.upgrade(url, service, role=ROLE, journal_days=1))
    return url


def create(server: PostgresDatabases, service: str | None) -> str:
    """Return the URL of a fresh PostgreSQL database: at the schema of a service, or empty."""
    if service is None:
        return server.create_database()
    owned = server.create_database(template=_postgres_template(server, service))
    url = server.url_as(ROLE, owned)
    _copies.add(url)
    return url


def drop(server: PostgresDatabases, url: str) -> None:
    """Let a PostgreSQL database go; they are dropped by the dozen."""
    _spent.append(url)
    if len(_spent) >= SPENT_MAX:
        server.drop_database(*_spent)
        _spent.clear()


def drop_all(server: PostgresDatabases) -> None:
    """Leave nothing on a server that goes on after the run."""
    server.drop_database(*_spent, *_templates)
