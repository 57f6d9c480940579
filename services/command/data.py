"""Commands that work on a service's database and event log directly, because they serve when the service is down."""

import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from services.command import local, serve
from shared.db import journal, restore
from shared.db.engine import Tx
from shared.service import open_database
from shared.settings import Settings, SettingsError

ROUNDS_MAX = 100_000  # of 1,000 events or entities each


async def migrate(names: list[str], environments: Path | None = None) -> None:
    """Bring databases to the newest schema; each with the settings of its own file in a folder, where one is given."""
    settings = {}
    for name in names:
        told = environment(environments / f"{name}-migrate.env") if environments else {}
        settings[name] = local.settings_of(name, environment=os.environ | told)
        if len(names) > 1 and settings[name].database_password is not None and not told:
            raise SettingsError(
                "each database has a password of its own: name the service, or give --environments FOLDER"
            )
    await serve.migrate(settings)


def environment(file: Path) -> dict[str, str]:
    """Return the variables of a file as systemd and the shell read it: NAME=VALUE, the value perhaps in single quotes."""
    try:
        lines = [line for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
        return {name: value.strip("'") for name, value in (line.split("=", 1) for line in lines)}
    except (OSError, ValueError) as fault:
        raise SettingsError(f"the environment file {file.name} cannot be read: {type(fault).__name__}") from None


async def create_topics() -> None:
    """Create the topics of the catalogue where they are missing."""
    async with serve.event_log(Settings.load()) as opened:
        await opened.create_topics()


async def republish_since(service: str, since: datetime) -> int:
    """Put the events journalled since then back in line, ids unchanged, and return how many rounds of 1,000 it took."""
    database = open_database(local.settings_of(service), service)
    try:
        after = 0
        for rounds in range(ROUNDS_MAX):
            async with database.begin() as tx:
                last = await journal.republish(tx, since=since, after=after)
            if last is None:
                return rounds
            after = last
        raise AssertionError("more rounds than a journal can hold")
    finally:
        await database.close()


async def republish_state(service: str, entity: str) -> int:
    """Publish the current state of all entities of a kind, and return how many rounds of 1,000 it took."""
    states: dict[str, Callable[[Tx, str], Awaitable[str | None]]] = local.part(service, "main", "STATES") or {}
    if entity not in states:
        raise SystemExit(f"{service} has no such entity; it has: {', '.join(sorted(states)) or 'none'}")
    database = open_database(local.settings_of(service), service)
    try:
        after = ""
        for rounds in range(ROUNDS_MAX):
            async with database.begin() as tx:
                last = await states[entity](tx, after)
            if last is None:
                return rounds
            after = last
        raise AssertionError("more rounds than a service has entities")
    finally:
        await database.close()


async def restored(service: str) -> int:
    """Tell the others how a service stands whose database was restored, and return how many rounds of 1,000 entities it took.

    The versions of its entities are raised beyond all that it told before, so that the others take what they are told.
    """
    database = open_database(local.settings_of(service), service)
    try:
        async with database.begin() as tx:
            await restore.raise_versions(tx, local.part(service, "main", "VERSIONS") or ())
    finally:
        await database.close()
    return sum([await republish_state(service, entity) for entity in local.part(service, "main", "STATES") or ()])
