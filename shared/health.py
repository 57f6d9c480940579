"""Is the service alive, and can it work? Alive: the event loop answers. Ready: every check passes in time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy import text

from shared.db.engine import Database

CHECK_SECONDS_MAX = 3.0  # below the time-out of the probes in deploy/

Check = Callable[[], Awaitable[bool]]
"""True where the part works; an exception or a time-out counts as not."""


def of_database(database: Database) -> Check:
    """Return the check that the database answers."""

    async def answers() -> bool:
        async with database.view() as view:
            return bool(await view.scalar(text("SELECT 1")) == 1)

    return answers


async def run(checks: Mapping[str, Check]) -> dict[str, bool]:
    """Return for each check by name whether it passed; all run side by side."""
    results = await asyncio.gather(*(_passes(check) for check in checks.values()))
    return dict(zip(checks, results, strict=True))


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            return await check()
    except Exception:  # whatever is wrong with a part, the answer is that it does not work
        return False
