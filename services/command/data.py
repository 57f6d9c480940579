"""Commands that work on a service's database and event log directly, because they serve when the service is down."""

from datetime import datetime

from services.command import local, serve
from shared.db import journal
from shared.service import open_database
from shared.settings import Settings

ROUNDS_MAX = 100_000  # of 1,000 events or entities each


async def migrate(names: list[str]) -> None:
    """Bring databases to the newest schema."""
    await serve.migrate({name: local.settings_of(name) for name in names})


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
    states = local.part(service, "main", "STATES") or local.part(service, "application.states", "STATES") or {}
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
