"""All that arrears bring about is a function of what came in by each day: bills, corrections both ways, charges, adjustments,
payments, bounces, disputes, closed months, late fees, waivers, plans and cuts, in any order between two days and with a crash at
any unit of work, end in the same books, and every invariant holds."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.kits import arrears_world
from tests.kits.arrears_world import ACCOUNTS
from tests.kits.collection import Kit, account, started
from tests.kits.effort import walks


@asynccontextmanager
async def known(folder: Path, url: str) -> AsyncIterator[Kit]:
    async with started(url, folder) as kit:
        await kit.give(*(account(no) for no in ACCOUNTS))
        yield kit


@walks(1, 2, 3, 4)
async def test_any_order_and_any_crash_end_in_the_same_books(tmp_path: Path, database_url: str, seed: int) -> None:
    gaps = arrears_world.drawn(seed)
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
    async with known(tmp_path / "good", f"sqlite+aiosqlite:///{tmp_path}/good.db") as kit:
        await arrears_world.played(kit, gaps, None)
        good = await arrears_world.shape(kit)
        await kit.check_books()
    async with known(tmp_path / "bad", database_url) as kit:
        assert await arrears_world.played(kit, gaps, random.Random(seed + 1_000)) > 20, "crashes were drawn"
        bad = await arrears_world.shape(kit)
        await kit.check_books()
    for name, rows in good.items():
        assert bad[name] == rows, name
