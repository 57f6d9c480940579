"""The databases of a town: dumped while it runs, and made anew from dumps."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Protocol

from shared.settings import SERVICES
from shared.testing.servers import PostgresDatabases, PostgresServer


class Databases(Protocol):
    """The four databases of one town; `environment` tells its services where they are."""

    environment: dict[str, str]

    def dump(self, folder: Path) -> None:
        """Dump each database into a file of a folder."""
        ...

    def restore(self, name: str, folder: Path) -> None:
        """Put the database of a service back to its dump; nobody uses it."""
        ...


class SqliteDatabases:
    """Files in the folder of the town."""

    def __init__(self, work: Path) -> None:
        self.environment = dict[str, str]()
        self._work = work

    def dump(self, folder: Path) -> None:
        for name in SERVICES:
            _backup(self._work / f"{name}.db", folder / f"{name}.db")

    def restore(self, name: str, folder: Path) -> None:
        _backup(folder / f"{name}.db", self._work / f"{name}.db")


def _backup(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as two:
        one.backup(two)


class PostgresServerDatabases:
    """Databases of a server, dumped and restored by its own programs; their names begin alike."""

    def __init__(self, server: PostgresDatabases, prefix: str) -> None:
        self.environment = {"WATTLINE_DATABASE_URL": server.url(f"{prefix}_{{service}}")}
        self._server = server
        self._names = [f"{prefix}_{name}" for name in SERVICES]
        self._urls = [server.url(name) for name in self._names]

    def create(self) -> None:
        """Make all four, empty."""
        for name in self._names:
            self._server.create_database(name)

    def drop(self) -> None:
        self._server.drop_database(*self._urls)

    def dump(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name, url in zip(SERVICES, self._urls, strict=True):
            _run("pg_dump", "--format=custom", "--file", str(folder / f"{name}.dump"), _url(url))

    def restore(self, name: str, folder: Path) -> None:
        anew = "--clean", "--if-exists", "--create", "--exit-on-error"
        _run("pg_restore", *anew, "--dbname", _url(self._server.url("postgres")), str(folder / f"{name}.dump"))


def _url(url: str) -> str:
    return url.replace("+asyncpg", "")


def _run(program: str, *arguments: str) -> None:
    subprocess.run([PostgresServer.binaries() / program, *arguments], check=True)
